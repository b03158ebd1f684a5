import type { ChatRequest, Tool } from "../../core/chat.ts";
import { brief } from "../../core/text.ts";
import { type Block, isBlank } from "./block.ts";
import { closedSchema } from "./closed-schema.ts";
import type { Writing } from "./writing.ts";

const NO_ARGUMENTS = { type: "object", properties: {} };

/** The blocks of the tools; a cache point may stand among them. */
export function toolBlocks({ tools, toolChoice }: ChatRequest, writing: Writing): Block[] {
  const { model, losses, called, form } = writing;
  const isCalling = called.size > 0;
  // Nothing may be called, and nothing was: calls of the past were made text.
  if (toolChoice === "none" && !form.noneChoice) return [];
  if (tools.length > 0 && !model.tools) {
    losses.refuse("tools", "are not known to this model");
    return [];
  }
  const blocks: Block[] = [];
  const given = new Set<string>();
  for (const tool of tools) {
    if (tool.type === "tool") {
      if (given.has(tool.name)) losses.refuse("tools", `have two of the name ${brief(tool.name, 64)}`);
      else blocks.push(toolSpec(tool, writing));
      given.add(tool.name);
    } else if (tool.type === "cache-point") blocks.push(writing.cachePoint(tool.ttl));
    else losses.refuse(tool.name, `is no tool that ${form.api} knows`);
  }
  if (isCalling) blocks.push(...formerTools(tools, writing));
  return blocks;
}

function toolSpec(
  { name, description, schema, strict }: Tool,
  { model, losses, names, form }: Writing,
): Block {
  const given = schema === undefined ? NO_ARGUMENTS : objectSchema(schema);
  const closed = strict === true && model.strictTools ? closedSchema(given) : undefined;
  if (strict === true && closed === undefined)
    losses.drop(
      "strict",
      `of ${brief(name, 64)} ${model.strictTools ? "cannot be kept for its schema" : "is not known to this model"}`,
    );
  return form.tool({
    name: names.wire(name),
    description: description === undefined || isBlank(description) ? undefined : description,
    schema: closed ?? given,
    strict: closed !== undefined,
  });
}

/** Arguments are an object, also where a schema does not say so. */
export function objectSchema(schema: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return schema["type"] === undefined ? { type: "object", ...schema } : schema;
}

/**
 * Tools that the conversation calls and the request has no more: "The toolConfig field must be defined when using toolUse
 * and toolResult content blocks."
 */
function formerTools(tools: ChatRequest["tools"], { called, form }: Writing): Block[] {
  if (tools.some(({ type }) => type === "tool")) return [];
  return [...called].map((name) =>
    form.tool({
      name,
      description: "No longer available: do not call it.",
      schema: NO_ARGUMENTS,
      strict: false,
    }),
  );
}
