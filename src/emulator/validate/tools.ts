import type { ConverseRequest, Message } from "../converse-request.ts";
import { isObject } from "../json.ts";
import { firstSaid, placedBlocks, type Rule } from "./rule.ts";

/** Tools, calls and their results. */
export const TOOL_RULES: readonly Rule[] = [
  ({ request }) =>
    request.toolConfig === undefined &&
    placedBlocks(request).some(({ block }) => block.toolUse ?? block.toolResult)
      ? "The toolConfig field must be defined when using toolUse and toolResult content blocks."
      : undefined,
  ({ request }) => firstSaid(specsOf(request), ({ json, at }) => badSchema(json, at)),
  ({ request }) => {
    const names = specsOf(request).map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    return twice === undefined
      ? undefined
      : `The tool name ${twice} is used more than once in toolConfig.tools. Tool names must be unique.`;
  },
  ({ request }) => {
    const wanted = request.toolConfig?.toolChoice?.tool?.name;
    return wanted === undefined || specsOf(request).some(({ name }) => name === wanted)
      ? undefined
      : `The tool name ${wanted} at toolConfig.toolChoice.tool.name is not defined in toolConfig.tools.`;
  },
  ({ request }) =>
    firstSaid(placedBlocks(request), ({ block, place }) => {
      const input = block.toolUse?.input;
      if (block.toolUse === undefined || isObject(input)) return undefined;
      return input === "" || input === null || input === undefined
        ? `The value at ${place}.toolUse.input is empty.`
        : `The format of the value at ${place}.toolUse.input is invalid. Provide a json object for the field and try again.`;
    }),
  ({ request: { messages = [] } }) =>
    firstSaid(messages, (message, index) => unanswered(message, messages[index + 1], index)),
  ({ request: { messages = [] } }) =>
    firstSaid(messages, (message, index) => unasked(message, messages[index - 1], index)),
];

interface PlacedSpec {
  readonly name: string;
  readonly json: unknown;
  readonly at: number;
}

function specsOf({ toolConfig }: ConverseRequest): PlacedSpec[] {
  return (toolConfig?.tools ?? []).flatMap(({ toolSpec }, at) =>
    toolSpec === undefined ? [] : [{ name: toolSpec.name, json: toolSpec.inputSchema.json, at }],
  );
}

function badSchema(json: unknown, at: number): string | undefined {
  const place = `toolConfig.tools.${at}.toolSpec.inputSchema.json`;
  if (!isObject(json)) return `The value at ${place} must be a json object. Update the value and try again.`;
  return json["type"] === "object"
    ? undefined
    : `The value at ${place}.type must be one of the following: object.`;
}

/** Every call of an assistant's turn wants its result in the very next message. */
function unanswered(message: Message, next: Message | undefined, index: number): string | undefined {
  const asked = callsOf(message);
  if (message.role !== "assistant" || asked.length === 0) return undefined;
  const answered = new Set(resultsOf(next));
  const missing = asked.filter((id) => !answered.has(id));
  return missing.length === 0
    ? undefined
    : `Expected toolResult blocks at messages.${index + 1}.content for the following Ids: ${missing.join(", ")}`;
}

function unasked(message: Message, previous: Message | undefined, index: number): string | undefined {
  if (message.role !== "user") return undefined;
  const results = resultsOf(message);
  const asked = callsOf(previous);
  if (results.length > asked.length)
    return `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`;
  const twice = results.find((id, at) => results.indexOf(id) !== at);
  return twice === undefined
    ? undefined
    : `The toolResult blocks at messages.${index}.content contain duplicate Ids: ${twice}`;
}

/** Calls for the client; the service's own tools were run by the service. */
function callsOf(message: Message | undefined): string[] {
  return (message?.content ?? []).flatMap(({ toolUse }) =>
    toolUse === undefined || toolUse.type === "server_tool_use" ? [] : [toolUse.toolUseId],
  );
}

function resultsOf(message: Message | undefined): string[] {
  return (message?.content ?? []).flatMap(({ toolResult }) => toolResult?.toolUseId ?? []);
}
