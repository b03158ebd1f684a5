import type { ChatRequest } from "../../core/chat.ts";
import type { Block } from "./block.ts";
import type { OutputWay } from "./output-format.ts";
import { objectSchema, toolBlocks } from "./tools.ts";
import type { Writing } from "./writing.ts";

export type Choice =
  | { readonly auto: object }
  | { readonly any: object }
  | { readonly tool: { readonly name: string } };

export interface ToolConfig {
  readonly blocks: Block[];
  /** As Converse spells it. */
  readonly choice: Choice | undefined;
  /** Claude's own `tool_choice`, which knows more; it stands for `choice` then. */
  readonly claudeChoice: Readonly<Record<string, unknown>> | undefined;
  /** Whether some tool must be called. */
  readonly isForced: boolean;
  /** On the wire. */
  readonly schemaTool: string | undefined;
}

export function writeToolConfig(
  chat: ChatRequest,
  byTool: OutputWay["byTool"],
  writing: Writing,
): ToolConfig {
  const blocks = toolBlocks(chat, writing);
  const mayCallOthers = blocks.some(({ kind }) => kind === "tool-use") && chat.toolChoice !== "none";
  let schemaTool: string | undefined;
  if (byTool !== undefined) {
    schemaTool = writing.names.free("json_answer");
    blocks.push(schemaBlock(schemaTool, byTool, writing));
  }
  const choice =
    blocks.length === 0
      ? undefined
      : schemaTool === undefined
        ? toolChoice(chat, writing)
        : schemaChoice(schemaTool, mayCallOthers && chat.tools.length > 0, writing);
  const own = blocks.length > 0 && chat.toolChoice !== "none" ? oneAtATime(chat, choice, writing) : undefined;
  return {
    blocks,
    choice: own === undefined ? choice : undefined,
    claudeChoice: own,
    isForced: choice !== undefined && !("auto" in choice),
    schemaTool,
  };
}

function schemaBlock(
  name: string,
  { description, schema }: NonNullable<OutputWay["byTool"]>,
  { form }: Writing,
): Block {
  const told = `${description === undefined ? "" : `${description}\n`}Give the answer by calling this tool: its arguments are the answer.`;
  return form.tool({ name, description: told, schema: objectSchema(schema), strict: false });
}

/** Together with other tools, some tool must be called: one of them, or the one that answers. */
function schemaChoice(name: string, hasOthers: boolean, { model }: Writing): Choice {
  const any = { any: {} };
  if (hasOthers) return model.toolChoice.any ? any : { tool: { name } };
  return model.toolChoice.tool ? { tool: { name } } : any;
}

function toolChoice(
  { toolChoice: wanted, tools }: ChatRequest,
  { model, losses, names }: Writing,
): Choice | undefined {
  const can = model.toolChoice;
  if (wanted === undefined || wanted === "none") return undefined;
  if (wanted === "auto") return can.any || can.tool ? { auto: {} } : undefined;
  if (wanted === "any") {
    if (can.any) return { any: {} };
    losses.drop("tool_choice", "that some tool must be called cannot be said to this model");
    return undefined;
  }
  const hasIt = tools.some((tool) => tool.type === "tool" && tool.name === wanted.tool);
  if (!hasIt) {
    losses.refuse("tool_choice", "names a tool that the request does not have");
    return undefined;
  }
  if (can.tool) return { tool: { name: names.wire(wanted.tool) } };
  const isOnly = tools.filter(({ type }) => type === "tool").length === 1;
  if (!(isOnly && can.any)) losses.drop("tool_choice", "of one tool cannot be said to this model");
  return can.any ? { any: {} } : undefined;
}

/** Calls one after the other: Claude's own field says it, and the choice with it. */
function oneAtATime(
  { parallelToolCalls }: ChatRequest,
  choice: Choice | undefined,
  { model, losses }: Writing,
): ToolConfig["claudeChoice"] {
  if (parallelToolCalls !== false) return undefined;
  if (!model.parallelToolSwitch) {
    losses.drop("parallel_tool_calls", "cannot be forbidden to this model");
    return undefined;
  }
  return { ...claudeChoice(choice ?? { auto: {} }), disable_parallel_tool_use: true };
}

/** A choice as Claude's own `tool_choice` spells it. https://platform.claude.com/docs/en/api/messages */
export function claudeChoice(choice: Choice): Readonly<Record<string, unknown>> {
  if ("auto" in choice) return { type: "auto" };
  return "any" in choice ? { type: "any" } : { type: "tool", name: choice.tool.name };
}
