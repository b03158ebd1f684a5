import { memberValue } from "../../core/json-scan.ts";
import type { WireRequest } from "../../core/wire.ts";
import type { UpstreamCall } from "../provider.ts";
import { ENCRYPTED_REASONING, thinksEncrypted } from "../openai-responses/encrypted-reasoning.ts";
import type { Vendor } from "./vendors.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * What becomes of a client's response request besides its model and its words. The gateway keeps responses itself, each
 * tenant's apart, so the upstream must not; and what it does not keep it must give: thoughts, encrypted, without which a
 * model that is asked again has forgotten them. https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
 */
export function editResponse(
  call: UpstreamCall,
  vendor: Vendor,
  edits: Map<string, string | undefined>,
): void {
  const { request, outputCap } = call;
  const input = withoutLostThoughts(call, vendor);
  if (input !== undefined) edits.set("input", JSON.stringify(input));
  // The way that counts has fewer parameters.
  if (request.operation !== "chat") return;
  if (outputCap !== undefined) edits.set("max_output_tokens", String(outputCap));
  if (valueOf(request, "store") === false) return;
  edits.set("store", "false");
  const include = valueOf(request, "include") ?? [];
  const isList = Array.isArray(include) && !include.includes(ENCRYPTED_REASONING);
  if (isList && vendor.encryptsReasoning && thinks(call))
    edits.set("include", JSON.stringify([...(include as unknown[]), ENCRYPTED_REASONING]));
}

/** Models that do not think refuse whoever asks for their thoughts, and whoever says how they shall think. */
function thinks({ request, model }: UpstreamCall): boolean {
  const reasoning = valueOf(request, "reasoning");
  return thinksEncrypted(model) || (typeof reasoning === "object" && reasoning !== null);
}

/** Whether thoughts are left out of the conversation that a call sends. */
export function losesThoughts(call: UpstreamCall, vendor: Vendor): boolean {
  return withoutLostThoughts(call, vendor) !== undefined;
}

/**
 * The input without thoughts that the upstream cannot take: all, where another model made them; else those that stand
 * there by their id alone, which names something that no upstream keeps for us.
 *
 * @returns undefined where none are left out
 */
function withoutLostThoughts(call: UpstreamCall, vendor: Vendor): readonly unknown[] | undefined {
  const member = call.request.members.find(({ key }) => key === "input");
  if (member === undefined) return undefined;
  const bytes = call.request.bytes.subarray(member.start, member.end);
  if (!MAY_THINK.some((word) => bytes.includes(word))) return undefined;
  const input: unknown = JSON.parse(bytes.toString(), keepDigits);
  if (!Array.isArray(input)) return undefined;
  const left = input.filter((item) => {
    const { type, encrypted_content: encrypted } = (item ?? {}) as Fields;
    if (type !== "reasoning") return true;
    return !call.withoutThoughts && (!vendor.encryptsReasoning || typeof encrypted === "string");
  });
  return left.length === input.length ? undefined : left;
}

/** JSON may spell a word with escapes; then only parsing tells. */
const MAY_THINK = ['"reasoning"', "\\u"].map((word) => Buffer.from(word));

/** Numbers as they are written: JavaScript's own would lose digits. */
function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isNumber = typeof value === "number" && context?.source !== undefined;
  return isNumber ? (JSON as unknown as RawJson).rawJSON(context.source ?? "") : value;
}

/** https://github.com/tc39/proposal-json-parse-with-source, which Node has since 21. */
interface RawJson {
  rawJSON(text: string): unknown;
}

function valueOf(request: WireRequest, key: string): unknown {
  const member = request.members.find((one) => one.key === key);
  return member === undefined ? undefined : memberValue(request.bytes, member);
}
