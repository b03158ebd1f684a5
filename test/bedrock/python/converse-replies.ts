import assert from "node:assert/strict";
import { crc32, deflateSync } from "node:zlib";
import type { Outcome, StreamEvent } from "./boto3.ts";
import { replyOf, type ConverseUsage } from "./setup.ts";

/** What boto3's converse and converse_stream give, and what is asked of them. */

export interface Block {
  readonly text?: string;
  readonly toolUse?: { readonly toolUseId: string; readonly name: string; readonly input: unknown };
  readonly reasoningContent?: {
    readonly reasoningText?: { readonly text: string; readonly signature?: string };
    readonly redactedContent?: unknown;
  };
}

export interface ConverseReply {
  readonly output: { readonly message: { readonly role: string; readonly content: readonly Block[] } };
  readonly stopReason: string;
  readonly usage: ConverseUsage;
  readonly metrics: { readonly latencyMs: number };
  readonly additionalModelResponseFields?: unknown;
  readonly performanceConfig?: unknown;
  readonly serviceTier?: unknown;
  readonly trace?: { readonly guardrail?: { readonly actionReason?: string } };
}

export function converseOf(outcome: Outcome): ConverseReply {
  return replyOf(outcome) as ConverseReply;
}

export const WEATHER = {
  toolSpec: {
    name: "get_weather",
    description: "Weather of a city",
    inputSchema: {
      json: {
        type: "object",
        properties: { city: { type: "string" }, days: { type: "integer" } },
        required: ["city", "days"],
      },
    },
  },
};
export const TIME = {
  toolSpec: {
    name: "get_time",
    description: "The time",
    inputSchema: { json: { type: "object", properties: {} } },
  },
};

/** What streamed events add up to, as an application would do it. */
export function collected(events: readonly StreamEvent[]): {
  readonly text: string;
  readonly thought: string;
  readonly signature: string;
  readonly calls: readonly { readonly id: unknown; readonly name: unknown; readonly input: string }[];
  readonly stopReason: unknown;
  readonly usage: ConverseUsage;
} {
  let text = "";
  let thought = "";
  let signature = "";
  let stopReason: unknown;
  let usage: ConverseUsage | undefined;
  const calls = new Map<unknown, { id: unknown; name: unknown; input: string }>();
  for (const { contentBlockStart: start, contentBlockDelta: piece, messageStop, metadata } of events) {
    const delta = piece?.["delta"] as
      | {
          text?: string;
          toolUse?: { input: string };
          reasoningContent?: { text?: string; signature?: string };
        }
      | undefined;
    const use = (start?.["start"] as { toolUse?: { toolUseId: string; name: string } } | undefined)?.toolUse;
    if (use !== undefined)
      calls.set(start?.["contentBlockIndex"], { id: use.toolUseId, name: use.name, input: "" });
    text += delta?.text ?? "";
    thought += delta?.reasoningContent?.text ?? "";
    signature += delta?.reasoningContent?.signature ?? "";
    const call = calls.get(piece?.["contentBlockIndex"]);
    if (call !== undefined) call.input += delta?.toolUse?.input ?? "";
    stopReason ??= messageStop?.["stopReason"];
    usage ??= metadata?.["usage"] as ConverseUsage | undefined;
  }
  assert.ok(usage, "no metadata");
  return { text, thought, signature, calls: [...calls.values()], stopReason, usage };
}

/** The names of the events, each run of one name once. */
export function shape(events: readonly StreamEvent[]): string {
  const names = events.map((event) => Object.keys(event).join());
  return names.filter((name, index) => name !== names[index - 1]).join(" ");
}

/** One transparent dot. */
export function png(): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(body.length + 8);
    framed.writeUInt32BE(data.length);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), body.length + 4);
    return framed;
  };
  const head = Buffer.from("0000000100000001080600000000", "hex").subarray(0, 13);
  return Buffer.concat([
    Buffer.from("89504e470d0a1a0a", "hex"),
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.alloc(5))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
