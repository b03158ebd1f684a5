import assert from "node:assert/strict";
import test from "node:test";
import type { Message } from "@anthropic-ai/sdk/resources/messages";
import fc from "fast-check";
import { AnthropicSdk } from "../../../../test/support/anthropic-sdk.ts";
import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import type { Usage } from "../../../core/usage.ts";
import { readMessagesReply } from "../../../providers/anthropic-messages/read-reply.ts";
import { MessagesEvents } from "../../../providers/anthropic-messages/read-stream.ts";
import type { ReadBack } from "../../../providers/conversation/read-back.ts";
import { anthropicWriter } from "./write-chat.ts";

const FACTS = { exchangeId: "0190-ab", model: "m", startedAtMs: 0, includeUsage: true };
/** Reasons that are as many in the API's words; of the others the calls decide. */
const CLEAR: readonly StopReason[] = ["stop-sequence", "max-tokens", "context-full", "content-filter"];

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const filled = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const args = fc.dictionary(text, fc.oneof(text, fc.integer()), { maxKeys: 3, noNullPrototype: true });
const counts = fc.nat(1_000);

interface Told {
  readonly part: ChatReply["parts"][number];
  readonly events: readonly ChatEvent[];
}

const toldPart: fc.Arbitrary<Told> = fc
  .tuple(fc.constantFrom("text", "thought", "signed", "redacted", "call"), filled, filled, args, fc.nat(12))
  .map(([kind, value, other, input, at]): Told => {
    // Either may be empty.
    const pieces = (all: string): [string, string] => [all.slice(0, at), all.slice(at)];
    if (kind === "text")
      return {
        part: { type: "text", text: value },
        events: pieces(value).map((piece) => ({ type: "text", text: piece })),
      };
    if (kind === "redacted")
      return {
        part: { type: "redacted-reasoning", data: value },
        events: [{ type: "redacted-reasoning", data: value }],
      };
    if (kind === "call") {
      const json = JSON.stringify(input);
      return {
        part: { type: "tool-call", id: value, name: other, input: json },
        events: [
          { type: "tool-call", id: value, name: other },
          ...pieces(json).map((piece) => ({ type: "tool-input", json: piece }) as const),
        ],
      };
    }
    const signature = kind === "signed" ? other : undefined;
    return {
      part: { type: "reasoning", text: value, signature },
      events: [
        ...pieces(value).map((piece) => ({ type: "reasoning", text: piece, signature: undefined }) as const),
        ...(signature === undefined ? [] : [{ type: "reasoning", text: "", signature } as const]),
      ],
    };
  });

const toldReply = fc.record({
  parts: fc.array(toldPart, { maxLength: 5 }),
  stop: fc.constantFrom(...CLEAR),
  usage: fc
    .tuple(counts, counts, counts, counts, counts)
    .map(([fresh, read, written, spoken, thought]): Usage => ({
      inputTokens: fresh + read + written,
      cachedInputTokens: read,
      cacheWriteInputTokens: written,
      cacheWrite1hInputTokens: Math.min(written, 100),
      outputTokens: spoken + thought,
      reasoningTokens: thought,
    })),
});

interface ToldReply {
  readonly parts: readonly Told[];
  readonly stop: StopReason;
  readonly usage: Usage;
}

function whole({ parts, stop, usage }: ToldReply): Buffer {
  return anthropicWriter(FACTS).whole({
    parts: parts.map(({ part }) => part),
    stop,
    usage,
    latencyMs: undefined,
    serviceTier: "standard",
  });
}

function streamed(events: readonly ChatEvent[]): Buffer {
  const writer = anthropicWriter(FACTS);
  return Buffer.concat([...events.map((event) => writer.event(event) ?? Buffer.alloc(0)), writer.end()]);
}

function eventsOf({ parts, stop, usage }: ToldReply): ChatEvent[] {
  return [
    ...parts.flatMap((part): ChatEvent[] => [...part.events, { type: "part-end" }]),
    { type: "stop", reason: stop },
    { type: "usage", usage, latencyMs: undefined, serviceTier: "standard" },
  ];
}

/** The parts that the SDK's message says. */
function partsOf({ content }: Message): ChatReply["parts"] {
  return content.map((block) => {
    switch (block.type) {
      case "text":
        return { type: "text", text: block.text };
      case "thinking":
        return { type: "reasoning", text: block.thinking, signature: block.signature || undefined };
      case "redacted_thinking":
        return { type: "redacted-reasoning", data: block.data };
      case "tool_use":
        return { type: "tool-call", id: block.id, name: block.name, input: JSON.stringify(block.input) };
      default:
        return assert.fail(block.type);
    }
  });
}

/** Ids are made legal on the way. */
function withoutIds(parts: ChatReply["parts"]): unknown[] {
  return parts.map((part) => (part.type === "tool-call" ? { ...part, id: "" } : part));
}

test("what was written says the same when the SDK has read it, whole and streamed", async () => {
  await using sdk = await AnthropicSdk.start();
  await fc.assert(
    fc.asyncProperty(toldReply, async (reply) => {
      const message = await sdk.streamed(streamed(eventsOf(reply)));
      const { inputTokens, cachedInputTokens, cacheWriteInputTokens, outputTokens } = reply.usage;
      assert.deepEqual(withoutIds(partsOf(message)), withoutIds(reply.parts.map(({ part }) => part)));
      assert.equal(message.usage.input_tokens, inputTokens - cachedInputTokens - cacheWriteInputTokens);
      assert.equal(message.usage.output_tokens, outputTokens);
      const again = await sdk.whole(whole(reply));
      assert.deepEqual(partsOf(again), partsOf(message));
      assert.equal(again.stop_reason, message.stop_reason);
      // Of a stream the SDK keeps what its start says of these.
      const ofStart = { cache_creation: undefined, service_tier: undefined };
      assert.deepEqual({ ...again.usage, ...ofStart }, { ...message.usage, ...ofStart });
    }),
    { numRuns: 100 },
  );
});

const SAME: ReadBack = { names: new Map(), schemaTool: undefined };

test("one gateway behind another: a stream, read as an upstream's and written again, is the same", () => {
  fc.assert(
    fc.property(toldReply, (reply) => {
      const first = streamed(eventsOf(reply));
      const again: ChatEvent[] = [];
      new MessagesEvents(SAME, (event) => again.push(event)).push(first);
      assert.equal(streamed(again).toString(), first.toString());
    }),
    { numRuns: 200 },
  );
});

test("and so is its whole reply", () => {
  fc.assert(
    fc.property(toldReply, (reply) => {
      const first = whole(reply);
      const again = anthropicWriter(FACTS).whole(readMessagesReply(first, SAME));
      assert.equal(again.toString(), first.toString());
    }),
    { numRuns: 200 },
  );
});
