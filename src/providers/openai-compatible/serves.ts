import { servesByOpenAi } from "../openai-chat/chat-by-openai.ts";
import type { RequestKind, Service } from "../provider.ts";
import type { ResponsesMode, Vendor } from "./vendors.ts";

/** How a request is served by an upstream that may speak Responses, too. */
export function servesBy(vendor: Vendor, mode: ResponsesMode, kind: RequestKind): Service {
  const { dialect, operation } = kind;
  if (operation === "count-tokens") return countsBy(vendor, mode, kind);
  if (operation !== "chat") return servesByOpenAi(kind);
  const passes = dialect === "responses" ? mode !== "translate" : dialect === "openai" && mode !== "only";
  return passes ? "pass" : "translate";
}

function countsBy(vendor: Vendor, mode: ResponsesMode, { dialect }: RequestKind): Service {
  if (vendor.counter === undefined) return "estimate";
  // A configuration that keeps away from Responses keeps away from their counter.
  if (vendor.counter === "responses" && mode === "translate") return "estimate";
  return dialect === "responses" && vendor.responsesCountPath !== undefined ? "pass" : "translate";
}
