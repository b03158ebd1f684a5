import type { ErrorCode } from "../../core/errors.ts";
import { retryAfterOf, statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import { asRecord, asText } from "../json-value.ts";
import type { AttemptFailure, WholeReply } from "../provider.ts";
import { FOREIGN_THOUGHTS, OVERFLOW } from "./refusals.ts";

/** Characters of an upstream's own words. */
const MAX_SAID = 500;
/** Anthropic's status where its service is overloaded. https://platform.claude.com/docs/en/api/errors */
const OVERLOADED = 529;

/** Kinds of errors by `error.type`, for events of a stream, which have no status. */
const KINDS: ReadonlyMap<string, Pick<AttemptFailure, "kind" | "code">> = new Map([
  ["rate_limit_error", { kind: "throttled" }],
  ["overloaded_error", { kind: "status", code: "no_target_available" }],
  ["timeout_error", { kind: "timeout" }],
  ["authentication_error", { kind: "credentials" }],
  ["permission_error", { kind: "credentials" }],
  ["billing_error", { kind: "credentials" }],
]);

/** What is about our account, though the status says that it is about the request. */
const OUR_ACCOUNT = /^your credit balance is too low|^you have reached your .*usage limits?/i;
/** What is about this model and no fault of the request: another target may take it. */
const ELSEWHERE = /(deprecated|not supported|not available) (for|by|with|on) this model|does not support/i;

/** What a refusal means for the attempt. */
export function messagesFailure(
  reply: WholeReply,
  retryAfter: string | undefined,
  secrets: Secrets,
  nowMs: number,
): AttemptFailure {
  const failure = statusFailure(reply, retryAfter, secrets, nowMs);
  if (reply.status === OVERLOADED)
    return { ...failure, code: "no_target_available", ...retryAfterOf(retryAfter, nowMs) };
  if (failure.kind !== "rejected") return failure;
  const said = failure.said ?? "";
  if (OUR_ACCOUNT.test(said))
    return {
      kind: "credentials",
      status: reply.status,
      message: `the upstream refused our account (${reply.status})`,
      detail: said,
    };
  const code = codeOf(reply.status, said);
  return {
    ...failure,
    ...(code !== undefined && { code, elsewhere: true }),
    ...(ELSEWHERE.test(said) && { elsewhere: true }),
    ...(FOREIGN_THOUGHTS.test(said) && { foreignThoughts: true }),
  };
}

function codeOf(status: number, said: string): ErrorCode | undefined {
  if (status === 404) return "model_not_found";
  if (status === 413) return "payload_too_large";
  return OVERFLOW.test(said) ? "context_overflow" : undefined;
}

/**
 * What an `error` event means, in mid-stream or instead of one.
 *
 * @param event  parsed: `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`
 */
export function eventFailure(event: unknown, secrets: Secrets): AttemptFailure {
  const error = asRecord(asRecord(event)?.["error"]);
  const type = asText(error?.["type"]) ?? "";
  const known = KINDS.get(type) ?? { kind: "status" };
  const named = /^[a-z_]{1,40}$/.test(type) ? ` (${type})` : "";
  if (known.kind === "credentials")
    return {
      kind: "credentials",
      message: `the upstream refused our credentials or account in its stream${named}`,
    };
  const message = `the upstream failed in its stream${named}`;
  const words = error?.["message"];
  const isThrottle = known.kind === "throttled";
  const said = isThrottle ? secrets.tellableThrottle(words, MAX_SAID) : secrets.tellable(words, MAX_SAID);
  return { ...known, message, ...(said !== undefined && { said }) };
}
