import type { ChatRequest, OtherParameter } from "../../../core/chat.ts";
import {
  elementFields,
  isAbsent,
  optionalBoolean,
  optionalText,
  requiredFields,
  requiredList,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { readCachePoint, toolName } from "./read-blocks.ts";
import { refused, violation } from "./refusals.ts";
import { unionMember } from "./union.ts";

const CONFIG_KEYS: ReadonlySet<string> = new Set(["tools", "toolChoice"]);
const SPEC_KEYS: ReadonlySet<string> = new Set(["name", "description", "inputSchema", "strict"]);
const TOOL_KEYS = ["toolSpec", "systemTool", "cachePoint"];
const CHOICE_KEYS = ["auto", "any", "tool"];

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolConfiguration.html */
export function readTools(config: Fields, others: OtherParameter[]): ChatRequest["tools"] {
  tellOthers(config, CONFIG_KEYS, "toolConfig", others);
  const list = requiredList(config, "tools", "toolConfig");
  if (list.length === 0) throw violation("[]", "toolConfig.tools", "have length greater than or equal to 1");
  const tools = list.map((tool, index) => readTool(tool, `toolConfig.tools.${index}`, others));
  const names = new Set<string>();
  for (const tool of tools) {
    if (tool.type !== "tool") continue;
    if (names.has(tool.name))
      throw refused(
        `The tool name ${tool.name} is used more than once in toolConfig.tools. Tool names must be unique`,
      );
    names.add(tool.name);
  }
  return tools;
}

function readTool(tool: unknown, place: string, others: OtherParameter[]): ChatRequest["tools"][number] {
  const { key, value } = unionMember(tool, place, "Tool", TOOL_KEYS);
  const at = `${place}.${key}`;
  if (key === "cachePoint") return readCachePoint(value, at);
  if (key === "systemTool") return { type: "opaque", name: at };
  const spec = elementFields(value, at);
  tellOthers(spec, SPEC_KEYS, at, others);
  const schema = requiredFields(spec, "inputSchema", at);
  return {
    type: "tool",
    name: toolName(spec, "name", at),
    description: optionalText(spec, "description", at),
    schema: requiredFields(schema, "json", `${at}.inputSchema`),
    strict: optionalBoolean(spec, "strict", at),
  };
}

export function readToolChoice(config: Fields, tools: ChatRequest["tools"]): ChatRequest["toolChoice"] {
  if (isAbsent(config["toolChoice"])) return undefined;
  const place = "toolConfig.toolChoice";
  const { key, value } = unionMember(config["toolChoice"], place, "ToolChoice", CHOICE_KEYS);
  if (key === "auto" || key === "any") return key;
  const name = toolName(elementFields(value, `${place}.tool`), "name", `${place}.tool`);
  // A tool that only the service has is refused where it stands.
  if (!tools.some((tool) => tool.type === "opaque" || (tool.type === "tool" && tool.name === name)))
    throw refused(`The tool name ${name} at ${place}.tool.name is not defined in toolConfig.tools`);
  return { tool: name };
}
