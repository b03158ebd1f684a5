import type { WireRequest } from "../../core/wire.ts";
import { applySplices, editObject, type MemberEdits, type Splice } from "../../core/splice.ts";
import { memberValue, scanTrusted } from "../../core/json-scan.ts";
import type { UpstreamCall } from "../provider.ts";
import type { Vendor } from "./vendors.ts";

/** The body that goes upstream: the client's bytes with the model, the words, the usage question and the cap edited. */
export function upstreamBody(call: UpstreamCall, vendor: Vendor): Buffer {
  const { request } = call;
  const edits = new Map(request.wordEdits);
  if (request.model !== call.model) edits.set("model", JSON.stringify(call.model));
  if (vendor.metadataNeedsStore && !request.store && has(request, "metadata"))
    edits.set("metadata", undefined);
  const splices: Splice[] = [];
  if (request.operation === "chat") {
    if (asksForUsage(request, vendor)) askForUsage(request, edits, splices);
    if (call.outputCap !== undefined) capOutput(request, vendor, call.outputCap, edits);
  }
  if (edits.size === 0 && splices.length === 0) return request.bytes;
  return applySplices(request.bytes, [...editObject(request.members, request.inside, edits), ...splices]);
}

/** Whether the usage frame is ours to ask for, and so ours to take out of the reply again. */
export function asksForUsage(request: WireRequest, vendor: Vendor): boolean {
  return request.stream && !request.includeUsage && vendor.streamUsage;
}

function askForUsage(request: WireRequest, edits: Map<string, string | undefined>, splices: Splice[]): void {
  const member = request.members.find(({ key }) => key === "stream_options");
  const value = member === undefined ? undefined : memberValue(request.bytes, member);
  if (member === undefined || value === null) {
    edits.set("stream_options", '{"include_usage":true}');
    return;
  }
  // Of another type it is between client and engine.
  if (typeof value !== "object" || Array.isArray(value)) return;
  // Inside the client's own options, so that its other members stay as they are.
  const text = request.bytes.subarray(member.start, member.end);
  const inner: MemberEdits = new Map([["include_usage", "true"]]);
  for (const splice of editObject(scanTrusted(text), 1, inner)) {
    splices.push({ ...splice, start: splice.start + member.start, end: splice.end + member.start });
  }
}

function capOutput(
  request: WireRequest,
  vendor: Vendor,
  cap: number,
  edits: Map<string, string | undefined>,
): void {
  const names = new Set(["max_completion_tokens", "max_tokens"].filter((key) => has(request, key)));
  // Small engines know only the older name and would pass over the newer; OpenAI knows both and refuses the two together.
  if (names.size === 0 || vendor.outputCap === "max_tokens") names.add(vendor.outputCap);
  for (const name of names) edits.set(name, String(cap));
}

function has(request: WireRequest, key: string): boolean {
  return request.members.some((member) => member.key === key);
}
