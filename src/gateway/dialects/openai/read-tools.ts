import type { ChatRequest, OtherParameter, Tool } from "../../../core/chat.ts";
import {
  elementFields,
  isAbsent,
  isFields,
  optionalBoolean,
  optionalFields,
  optionalList,
  optionalText,
  refusal,
  requiredFields,
  requiredText,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";
import { readCachePoint } from "./read-parts.ts";

const TOOL_KEYS: ReadonlySet<string> = new Set(["type", "function", "cache_control"]);
const FUNCTION_KEYS: ReadonlySet<string> = new Set([
  "name",
  "description",
  "parameters",
  "strict",
  "cache_control",
]);

/** The tools, and functions in the form that came before them. */
export function readTools(fields: Fields, others: OtherParameter[]): ChatRequest["tools"] {
  const tools: ChatRequest["tools"][number][] = [];
  const list = optionalList(fields, "tools", "");
  for (let index = 0; index < list.length; index++) {
    const place = `tools[${index}]`;
    const tool = elementFields(list[index], place);
    const type = requiredText(tool, "type", place);
    if (type === "function") {
      tellOthers(tool, TOOL_KEYS, place, others);
      tools.push(readFunction(requiredFields(tool, "function", place), `${place}.function`, others));
    } else tools.push({ type: "opaque", name: `${place}.${type}` });
    const inner = tool["function"];
    const cachePoint =
      readCachePoint(tool, place) ??
      (isFields(inner) ? readCachePoint(inner, `${place}.function`) : undefined);
    if (cachePoint !== undefined) tools.push(cachePoint);
  }
  const functions = optionalList(fields, "functions", "");
  for (let index = 0; index < functions.length; index++) {
    const place = `functions[${index}]`;
    tools.push(readFunction(elementFields(functions[index], place), place, others));
  }
  return tools;
}

function readFunction(fields: Fields, place: string, others: OtherParameter[]): Tool {
  tellOthers(fields, FUNCTION_KEYS, place, others);
  return {
    type: "tool",
    name: requiredWord(fields, "name", place),
    description: optionalText(fields, "description", place),
    schema: optionalFields(fields, "parameters", place),
    strict: optionalBoolean(fields, "strict", place),
  };
}

export function readToolChoice(
  fields: Fields,
  tools: ChatRequest["tools"],
  others: OtherParameter[],
): ChatRequest["toolChoice"] {
  const key = isAbsent(fields["tool_choice"]) ? "function_call" : "tool_choice";
  return possibleChoice(readChoice(fields, others), tools, key);
}

/** @throws AppError invalid_request where a call is asked for that no tool can take */
export function possibleChoice(
  choice: ChatRequest["toolChoice"],
  tools: ChatRequest["tools"],
  key: string,
): ChatRequest["toolChoice"] {
  if (choice === "any" && tools.length === 0) throw refusal("", key, "tools beside it");
  if (typeof choice === "object" && !tools.some((tool) => tool.type === "tool" && tool.name === choice.tool))
    throw refusal("", key, "the name of one of the tools");
  return choice;
}

function readChoice(fields: Fields, others: OtherParameter[]): ChatRequest["toolChoice"] {
  const choice = fields["tool_choice"];
  if (isAbsent(choice)) return readFunctionChoice(fields);
  if (choice === "auto" || choice === "none") return choice;
  if (choice === "required") return "any";
  if (!isFields(choice)) throw refusal("", "tool_choice", "auto, none, required or a tool");
  if (choice["type"] === "function")
    return {
      tool: requiredWord(requiredFields(choice, "function", "tool_choice"), "name", "tool_choice.function"),
    };
  // A choice of some tools, or of one that only this dialect knows.
  others.push({ name: "tool_choice", value: choice });
  return undefined;
}

function readFunctionChoice(fields: Fields): ChatRequest["toolChoice"] {
  const choice = fields["function_call"];
  if (isAbsent(choice)) return undefined;
  if (choice === "auto" || choice === "none") return choice;
  return { tool: requiredWord(requiredFields(fields, "function_call", ""), "name", "function_call") };
}
