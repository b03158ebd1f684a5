import type {
  ContentBlock,
  ContentBlockDelta,
  ConverseStreamOutput,
  Message,
  TokenUsage,
  Tool,
  ToolUseBlock,
} from "@aws-sdk/client-bedrock-runtime";
import { CITY } from "./setup.ts";

/** A user's message of one text. */
export function ask(text: string): Message[] {
  return [{ role: "user", content: [{ text }] }];
}

/** A tool that wants a city and a unit. */
export function cityTool(name: string): Tool {
  return { toolSpec: { name, description: `Tells ${name}.`, inputSchema: { json: CITY } } };
}

export interface Assembled {
  readonly content: ContentBlock[];
  /** The index that the stream gave each block. */
  readonly indexes: number[];
  readonly text: string;
  readonly calls: ToolUseBlock[];
  readonly stopReason: string | undefined;
  readonly usage: TokenUsage | undefined;
  readonly events: ConverseStreamOutput[];
}

interface Open {
  text?: string;
  thought?: { text: string; signature?: string };
  redacted?: Uint8Array;
  call?: { id: string; name: string; pieces: string[] };
}

/** Puts a stream's message together, as an application does that sends it back. */
export async function assemble(stream: AsyncIterable<ConverseStreamOutput> | undefined): Promise<Assembled> {
  const events = await Array.fromAsync(stream ?? []);
  const blocks = new Map<number, Open>();
  for (const event of events) {
    const start = event.contentBlockStart;
    const call = start?.start?.toolUse;
    if (call !== undefined)
      at(blocks, start?.contentBlockIndex).call = {
        id: call.toolUseId ?? "",
        name: call.name ?? "",
        pieces: [],
      };
    const piece = event.contentBlockDelta;
    if (piece !== undefined) add(at(blocks, piece.contentBlockIndex), piece.delta ?? {});
  }
  const content = [...blocks.values()].map(blockOf).filter((block) => block.text !== "");
  return {
    content,
    indexes: [...blocks.keys()],
    text: content.map(({ text }) => text ?? "").join(""),
    calls: callsOf({ role: "assistant", content }),
    stopReason: events.find(({ messageStop }) => messageStop !== undefined)?.messageStop?.stopReason,
    usage: events.find(({ metadata }) => metadata !== undefined)?.metadata?.usage,
    events,
  };
}

function add(block: Open, delta: Partial<ContentBlockDelta>): void {
  if (delta.text !== undefined) block.text = (block.text ?? "") + delta.text;
  if (delta.toolUse?.input !== undefined) block.call?.pieces.push(delta.toolUse.input);
  const { text, signature, redactedContent } = delta.reasoningContent ?? {};
  if (text !== undefined || signature !== undefined) block.thought ??= { text: "" };
  if (text !== undefined && block.thought !== undefined) block.thought.text += text;
  if (signature !== undefined && block.thought !== undefined) block.thought.signature = signature;
  if (redactedContent !== undefined) block.redacted = redactedContent;
}

function blockOf({ text, thought, redacted, call }: Open): ContentBlock {
  if (call !== undefined)
    return {
      toolUse: {
        toolUseId: call.id,
        name: call.name,
        // Of a call without arguments the SDK's users parse nothing; what is parsed must be JSON.
        input: JSON.parse(call.pieces.join("") || "{}") as ToolUseBlock["input"],
      },
    };
  if (thought !== undefined) return { reasoningContent: { reasoningText: thought } };
  if (redacted !== undefined) return { reasoningContent: { redactedContent: redacted } };
  return { text: text ?? "" };
}

function at(blocks: Map<number, Open>, index: number | undefined): Open {
  const open = blocks.get(index ?? -1) ?? {};
  blocks.set(index ?? -1, open);
  return open;
}

/** The calls of a message. */
export function callsOf(message: Message | undefined): ToolUseBlock[] {
  return (message?.content ?? []).flatMap(({ toolUse }) => toolUse ?? []);
}

/** The results of all calls, each with its own text. */
export function resultsOf(calls: readonly ToolUseBlock[]): Message {
  return {
    role: "user",
    content: calls.map(({ toolUseId, name }) => ({
      toolResult: { toolUseId, content: [{ text: `${name} is 21` }], status: "success" },
    })),
  };
}
