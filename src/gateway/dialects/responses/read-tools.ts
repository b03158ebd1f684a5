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
  requiredText,
  requiredWord,
  tellOthers,
  type Fields,
} from "../fields.ts";

const KNOWN: ReadonlySet<string> = new Set(["type", "name", "description", "parameters", "strict"]);
/** Switches that say only what holds without them. */
const SWITCHES = ["async", "defer_loading"];

/**
 * Functions; other tools of the client's are for models of OpenAI alone. `strict` stays as it was written: where nothing
 * is, OpenAI follows the schema to the letter if it can and else does not, and every target does what it can.
 */
export function readTools(fields: Fields, others: OtherParameter[]): ChatRequest["tools"] {
  const names = new Set<string>();
  return optionalList(fields, "tools", "").map((value, index) => {
    const place = `tools[${index}]`;
    const tool = elementFields(value, place);
    const type = requiredText(tool, "type", place);
    if (type !== "function") return { type: "opaque", name: `${place}.${type}` };
    const read = readFunction(tool, place, others);
    if (names.has(read.name)) throw refusal(place, "name", "a name that no other tool has");
    names.add(read.name);
    return read;
  });
}

function readFunction(tool: Fields, place: string, others: OtherParameter[]): Tool {
  const isOff = SWITCHES.filter((name) => tool[name] === false);
  tellOthers(tool, isOff.length === 0 ? KNOWN : new Set([...KNOWN, ...isOff]), place, others);
  return {
    type: "tool",
    name: requiredWord(tool, "name", place),
    description: optionalText(tool, "description", place),
    schema: optionalFields(tool, "parameters", place),
    strict: optionalBoolean(tool, "strict", place),
  };
}

export function readToolChoice(fields: Fields, others: OtherParameter[]): ChatRequest["toolChoice"] {
  const choice = fields["tool_choice"];
  if (isAbsent(choice)) return undefined;
  if (choice === "auto" || choice === "none") return choice;
  if (choice === "required") return "any";
  if (!isFields(choice)) throw refusal("", "tool_choice", "auto, none, required or a tool");
  if (choice["type"] === "function") return { tool: requiredWord(choice, "name", "tool_choice") };
  // A choice of some tools, or of one that only this dialect knows.
  others.push({ name: "tool_choice", value: choice });
  return undefined;
}
