import { AppError } from "../../core/errors.ts";
import { memberValue } from "../../core/json-scan.ts";
import { applySplices, editObject, type MemberEdits } from "../../core/splice.ts";
import type { WireRequest } from "../../core/wire.ts";
import { scanBody } from "../dialects/envelope.ts";
import type { Exchange } from "../exchange.ts";

const OPEN_OBJECT = 0x7b;

/** A member of the body; undefined where it is not there. */
export function valueOf({ members, bytes }: WireRequest, key: string): unknown {
  const member = members.find((one) => one.key === key);
  return member === undefined ? undefined : memberValue(bytes, member);
}

/** @throws AppError invalid_request where it is no id */
export function idMember(request: WireRequest, key: string): string | undefined {
  const value = valueOf(request, key);
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw new AppError("invalid_request", `${key}: expected the id of a response`);
}

/** Goes on with the same request, members of its body edited. */
export function editRequest(exchange: Exchange, request: WireRequest, edits: MemberEdits): void {
  const bytes = applySplices(request.bytes, editObject(request.members, request.inside, edits));
  exchange.request = {
    ...request,
    bytes,
    members: scanBody(bytes),
    inside: bytes.indexOf(OPEN_OBJECT) + 1,
    ...(edits.has("store") && { store: false }),
  };
}
