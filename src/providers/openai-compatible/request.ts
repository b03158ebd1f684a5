import type { WireRequest } from "../../core/wire.ts";
import { applySplices, editObject, type MemberEdits, type Splice } from "../../core/splice.ts";
import { memberValue, scanTrusted } from "../../core/json-scan.ts";
import type { UpstreamCall } from "../provider.ts";
import { editResponse } from "./responses-request.ts";
import type { Vendor } from "./vendors.ts";

type Edits = Map<string, string | undefined>;

/** The body that goes upstream: the client's bytes with the model, the words, the usage question and the cap edited. */
export function upstreamBody(call: UpstreamCall, vendor: Vendor): Buffer {
  const { request } = call;
  const edits = new Map(request.wordEdits);
  if (request.model !== call.model) edits.set("model", JSON.stringify(call.model));
  const splices: Splice[] = [];
  if (request.dialect === "responses") editResponse(call, vendor, edits);
  else editOpenAi(call, vendor, edits, splices);
  if (edits.size === 0 && splices.length === 0) return request.bytes;
  return applySplices(request.bytes, [...editObject(request.members, request.inside, edits), ...splices]);
}

function editOpenAi(call: UpstreamCall, vendor: Vendor, edits: Edits, splices: Splice[]): void {
  const { request, outputCap } = call;
  if (vendor.metadataNeedsStore && !request.store && has(request, "metadata"))
    edits.set("metadata", undefined);
  if (asksForUsage(request, vendor)) askForUsage(request, edits, splices);
  if (outputCap === undefined) return;
  if (request.operation === "chat") capOutput(request, vendor, outputCap, edits);
  else if (request.operation === "completions") capCompletion(request, vendor, outputCap, edits);
}

/** Whether the usage frame is ours to ask for, and so ours to take out of the reply again. */
export function asksForUsage(request: WireRequest, vendor: Vendor): boolean {
  return request.stream && !request.includeUsage && vendor.streamUsage;
}

function askForUsage(request: WireRequest, edits: Edits, splices: Splice[]): void {
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

function capOutput(request: WireRequest, vendor: Vendor, cap: number, edits: Edits): void {
  const names = new Set(["max_completion_tokens", "max_tokens"].filter((key) => has(request, key)));
  // Small engines know only the older name and would pass over the newer; OpenAI knows both and refuses the two together.
  if (names.size === 0 || vendor.outputCap === "max_tokens") names.add(vendor.outputCap);
  for (const name of names) edits.set(name, String(cap));
}

/** What engines write where a request does not say is less than a cap may be: then that stays the limit. */
function capCompletion(request: WireRequest, vendor: Vendor, cap: number, edits: Edits): void {
  const most = has(request, "max_tokens") ? cap : Math.min(cap, vendor.completionsOutput ?? cap);
  edits.set("max_tokens", String(most));
}

function has(request: WireRequest, key: string): boolean {
  return request.members.some((member) => member.key === key);
}
