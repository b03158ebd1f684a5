import type { BedrockModel } from "../../catalog/bedrock-models.ts";
import { parseExactly } from "../conversation/exact-json.ts";
import { asRecord } from "../json-value.ts";

const POINT = { cachePoint: { type: "default" } };
const POINT_KEY = Buffer.from('"cachePoint"');

/**
 * Marks the end of the tools, of the system and of the last message for the prompt cache, in a Converse request whose client
 * has marked nothing. A model that keeps no cache by request gets nothing. A point below the model's least length of a
 * prefix has no effect and costs nothing.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
 *
 * @param textOf  a member of the body as JSON text; undefined where there is none
 * @returns members of the body, as JSON text
 */
export function cachePointEdits(
  body: Buffer,
  { cache }: BedrockModel,
  textOf: (key: string) => string | undefined,
): ReadonlyMap<string, string> {
  const edits = new Map<string, string>();
  if (cache === undefined || body.includes(POINT_KEY)) return edits;
  const mark = (key: string, marked: (value: unknown) => unknown): void => {
    const text = textOf(key);
    const value = text === undefined ? undefined : marked(parseExactly(text, JSON.parse(text)));
    if (value !== undefined) edits.set(key, JSON.stringify(value));
  };
  if (cache.tools) mark("toolConfig", withTools);
  mark("system", withPoint);
  mark("messages", withLastMessage);
  return edits;
}

function withTools(toolConfig: unknown): unknown {
  const config = asRecord(toolConfig);
  const tools = withPoint(config?.["tools"]);
  return tools === undefined ? undefined : { ...config, tools };
}

function withLastMessage(messages: unknown): unknown {
  if (!Array.isArray(messages)) return undefined;
  const last = asRecord(messages.at(-1));
  const content = withPoint(last?.["content"]);
  return content === undefined ? undefined : [...(messages as unknown[]).slice(0, -1), { ...last, content }];
}

/** A point may not stand first in a list, nor behind a thought. */
function withPoint(list: unknown): unknown[] | undefined {
  if (!Array.isArray(list) || list.length === 0) return undefined;
  const blocks = list as unknown[];
  return asRecord(blocks.at(-1))?.["reasoningContent"] === undefined ? [...blocks, POINT] : undefined;
}
