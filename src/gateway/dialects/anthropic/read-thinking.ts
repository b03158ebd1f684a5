import type { ChatRequest, OtherParameter, OutputFormat } from "../../../core/chat.ts";
import { thinkingEffort } from "../bedrock/read-model-fields.ts";
import { tellOthers, type Fields } from "../fields.ts";
import { optionalObject, optionalInteger, optionalText, requiredObject, requiredText } from "./look-ups.ts";
import { missing, unknownTag } from "./refusals.ts";

const THINKING_KEYS: ReadonlySet<string> = new Set(["type", "budget_tokens"]);
const OUTPUT_KEYS: ReadonlySet<string> = new Set(["effort", "format"]);
const LEAST_BUDGET = 1_024;
const TYPES: ReadonlySet<string> = new Set(["enabled", "adaptive", "disabled"]);

/**
 * How hard to think and in what form to answer.
 * https://platform.claude.com/docs/en/docs/build-with-claude/extended-thinking
 * https://platform.claude.com/docs/en/docs/build-with-claude/effort
 * https://platform.claude.com/docs/en/docs/build-with-claude/structured-outputs
 */
export function readThinkingAndOutput(
  fields: Fields,
  others: OtherParameter[],
): Pick<ChatRequest, "reasoningEffort" | "thinkingTokens" | "output"> {
  const config = optionalObject(fields, "output_config", "") ?? {};
  tellOthers(config, OUTPUT_KEYS, "output_config", others);
  const effort = optionalText(config, "effort", "output_config");
  const { thinking, thinkingTokens } = readThinking(fields, others);
  return {
    reasoningEffort: thinking === "none" ? thinking : (effort ?? thinking),
    thinkingTokens,
    // The second is what the first was called before.
    output: readFormat(config, "output_config") ?? readFormat(fields, ""),
  };
}

interface Thinking {
  readonly thinking: string | undefined;
  readonly thinkingTokens: number | undefined;
}

const NO_WORD: Thinking = { thinking: undefined, thinkingTokens: undefined };

function readThinking(fields: Fields, others: OtherParameter[]): Thinking {
  const config = optionalObject(fields, "thinking", "");
  if (config === undefined) return NO_WORD;
  const type = requiredText(config, "type", "thinking");
  if (!TYPES.has(type)) {
    // A way of thinking that was not known when this was written.
    others.push({ name: "thinking", value: config });
    return NO_WORD;
  }
  tellOthers(config, THINKING_KEYS, "thinking", others);
  if (type !== "enabled") return { thinking: thinkingEffort({ type }), thinkingTokens: undefined };
  const thinkingTokens = optionalInteger(config, "budget_tokens", "thinking.enabled", LEAST_BUDGET);
  if (thinkingTokens === undefined) throw missing("thinking.enabled", "budget_tokens");
  return { thinking: thinkingEffort(config), thinkingTokens };
}

/** The API holds a reply to the schema to the letter, and its schemas have no names. */
function readFormat(fields: Fields, place: "output_config" | ""): OutputFormat | undefined {
  const key = place === "" ? "output_format" : "format";
  const format = optionalObject(fields, key, place);
  if (format === undefined) return undefined;
  const at = place === "" ? key : `${place}.${key}`;
  const type = requiredText(format, "type", at);
  if (type !== "json_schema") throw unknownTag(at, type, ["json_schema"]);
  return {
    type: "json-schema",
    name: "output",
    description: undefined,
    schema: requiredObject(format, "schema", at),
    strict: true,
  };
}
