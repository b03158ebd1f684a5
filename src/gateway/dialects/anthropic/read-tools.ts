import type { ChatRequest, OtherParameter, Tool } from "../../../core/chat.ts";
import { brief } from "../../../core/text.ts";
import { isAbsent, tellOthers, type Fields } from "../fields.ts";
import { readCacheControl } from "./cache-control.ts";
import {
  elementObject,
  optionalBoolean,
  optionalList,
  optionalObject,
  optionalText,
  requiredObject,
  requiredText,
} from "./look-ups.ts";
import { refused, unknownTag } from "./refusals.ts";

const KEYS: ReadonlySet<string> = new Set([
  "type",
  "name",
  "description",
  "input_schema",
  "strict",
  "cache_control",
]);
const NAME = /^[a-zA-Z0-9_-]{1,128}$/;
const CHOICES = ["any", "auto", "none", "tool"];
const CHOICE_KEYS: ReadonlySet<string> = new Set(["type", "name", "disable_parallel_tool_use"]);

/** When a member of a tool says only what holds without it. */
const ASKS_NOTHING: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ["defer_loading", (value) => value === false],
  ["eager_input_streaming", (value) => value === false],
  ["input_examples", (value) => Array.isArray(value) && value.length === 0],
  ["allowed_callers", (value) => Array.isArray(value) && value.every((caller) => caller === "direct")],
]);

/** Tools of the client's own; those that the API itself runs are its dialect's alone. https://platform.claude.com/docs/en/api/messages#body-tools */
export function readTools(fields: Fields, others: OtherParameter[]): ChatRequest["tools"] {
  const list = optionalList(fields, "tools", "");
  const tools: ChatRequest["tools"][number][] = [];
  const names = new Set<string>();
  for (let index = 0; index < list.length; index++) {
    const place = `tools.${index}`;
    const fieldsOfTool = elementObject(list[index], place);
    const type = optionalText(fieldsOfTool, "type", place) ?? "custom";
    if (type === "custom") {
      const tool = readTool(fieldsOfTool, place, others);
      if (names.has(tool.name)) throw refused("tools: Tool names must be unique");
      names.add(tool.name);
      tools.push(tool);
    } else tools.push({ type: "opaque", name: `${place}.${type}` });
    const cachePoint = readCacheControl(fieldsOfTool, `${place}.${type}`);
    if (cachePoint !== undefined) tools.push(cachePoint);
  }
  return tools;
}

function readTool(tool: Fields, place: string, others: OtherParameter[]): Tool {
  tellOthers(asked(tool), KEYS, place, others);
  const at = `${place}.custom`;
  const name = requiredText(tool, "name", at);
  if (!NAME.test(name)) throw refused(`${at}.name: String should match pattern '${NAME.source}'`);
  return {
    type: "tool",
    name,
    description: optionalText(tool, "description", at),
    schema: requiredObject(tool, "input_schema", at),
    strict: optionalBoolean(tool, "strict", at),
  };
}

function asked(tool: Fields): Fields {
  let rest: Record<string, unknown> | undefined;
  for (const name in tool) {
    if (ASKS_NOTHING.get(name)?.(tool[name]) !== true) continue;
    rest ??= { ...tool };
    delete rest[name];
  }
  return rest ?? tool;
}

/** https://platform.claude.com/docs/en/api/messages#body-tool-choice */
export function readToolChoice(
  fields: Fields,
  tools: ChatRequest["tools"],
  others: OtherParameter[],
): Pick<ChatRequest, "toolChoice" | "parallelToolCalls"> {
  const choice = optionalObject(fields, "tool_choice", "");
  if (choice === undefined) return { toolChoice: undefined, parallelToolCalls: undefined };
  tellOthers(choice, CHOICE_KEYS, "tool_choice", others);
  const type = requiredText(choice, "type", "tool_choice");
  const isSerial = optionalBoolean(choice, "disable_parallel_tool_use", `tool_choice.${type}`);
  const parallelToolCalls = isSerial === undefined ? undefined : !isSerial;
  if (type === "none") return { toolChoice: type, parallelToolCalls };
  if (isAbsent(fields["tools"]) || tools.length === 0)
    throw refused("tool_choice: tool_choice may only be specified while providing tools");
  if (type === "auto" || type === "any") return { toolChoice: type, parallelToolCalls };
  if (type === "tool") return { toolChoice: { tool: chosen(choice, tools) }, parallelToolCalls };
  throw unknownTag("tool_choice", type, CHOICES);
}

function chosen(choice: Fields, tools: ChatRequest["tools"]): string {
  const name = requiredText(choice, "name", "tool_choice.tool");
  // A tool that only this API has is refused where it stands.
  if (tools.some((tool) => tool.type === "opaque" || (tool.type === "tool" && tool.name === name)))
    return name;
  throw refused(`tool_choice: Tool '${brief(name)}' not found in provided tools`);
}
