import assert from "node:assert/strict";
import test from "node:test";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import fc from "fast-check";
import { Stream } from "openai/streaming";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import type { ChatEvent } from "../../core/chat.ts";
import { OpenAiEvents } from "../../providers/openai-chat/read-stream.ts";
import { readOpenAiReply } from "../../providers/openai-chat/read-reply.ts";
import { converseWriter } from "./bedrock/write-chat.ts";
import { openAiChatWriter } from "./openai/write-chat.ts";
import { streamed, told, type Told } from "../../../test/support/told-replies.ts";

const FACTS = { exchangeId: "0190-ab", model: "m", startedAtMs: 0, includeUsage: true };

/** What OpenAI's SDK makes of the stream, put together as a plain reply. */
async function assembledByOpenAi(bytes: Buffer): Promise<unknown> {
  const response = new Response(new Uint8Array(bytes));
  const chunks = Stream.fromSSEResponse<ChatCompletionChunk>(response, new AbortController());
  const message: Record<string, unknown> = { role: undefined, content: "", refusal: null };
  const thinking: unknown[] = [];
  const calls: { function: { arguments: string } }[] = [];
  const rest: object = {};
  let finish: unknown;
  for await (const { choices, usage: used, object: _object, ...head } of chunks) {
    Object.assign(rest, head, used === null || used === undefined ? {} : { usage: used });
    for (const { delta, finish_reason: reason } of choices) {
      finish = reason ?? finish;
      const {
        role,
        content,
        reasoning_content: thought,
        thinking_blocks: blocks,
      } = delta as {
        [name: string]: unknown;
      };
      message["role"] ??= role;
      message["content"] = `${message["content"] as string}${(content as string | undefined) ?? ""}`;
      if (typeof thought === "string")
        message["reasoning_content"] =
          `${(message["reasoning_content"] as string | undefined) ?? ""}${thought}`;
      if (Array.isArray(blocks)) thinking.push(...(blocks as unknown[]));
      for (const { index, ...piece } of delta.tool_calls ?? []) {
        const open = calls[index];
        if (open === undefined) calls[index] = piece as { function: { arguments: string } };
        else open.function.arguments += piece.function?.arguments ?? "";
      }
    }
  }
  if (message["content"] === "" && calls.length > 0) message["content"] = null;
  if (thinking.length > 0) message["thinking_blocks"] = thinking;
  if (calls.length > 0) message["tool_calls"] = calls;
  const choice = { index: 0, message, logprobs: null, finish_reason: finish };
  return { ...rest, object: "chat.completion", choices: [choice] };
}

test("OpenAI: a stream, read by its SDK, says what the whole reply says", async () => {
  await fc.assert(
    fc.asyncProperty(told, async ({ reply, events }) => {
      const whole: unknown = JSON.parse(openAiChatWriter(FACTS).whole(reply).toString());
      assert.deepEqual(await assembledByOpenAi(streamed(openAiChatWriter(FACTS), events)), whole);
    }),
    { numRuns: 200 },
  );
});

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (value) => Buffer.from(value),
);

interface Payload {
  readonly contentBlockIndex: number;
  readonly delta: {
    readonly text?: string;
    readonly toolUse?: { readonly input: string };
    readonly reasoningContent?: Record<string, string>;
  };
  readonly start: { readonly toolUse: object };
  readonly stopReason: string;
}
interface Block {
  text?: string;
  toolUse?: object;
  input?: string;
  reasoning?: Record<string, string>;
}

/** What Amazon's reader of frames makes of the stream, put together as a plain reply. */
function assembledByAmazon(bytes: Buffer): unknown {
  const order: string[] = [];
  const blocks: Block[] = [];
  let rest: Record<string, unknown> = {};
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) {
    const { headers, body } = codec.decode(bytes.subarray(at, at + bytes.readUInt32BE(at)));
    const type = headers[":event-type"]?.value as string;
    const payload = JSON.parse(Buffer.from(body).toString()) as Payload & Record<string, unknown>;
    assert.ok(typeof payload["p"] === "string");
    order.push(type === "contentBlockDelta" ? "" : type);
    if (type === "contentBlockStart") {
      assert.equal(payload.contentBlockIndex, blocks.length);
      blocks.push({ ...payload.start, input: "" });
    } else if (type === "contentBlockDelta") addDelta(blocks, payload);
    else if (type === "messageStop") rest = { stopReason: payload.stopReason };
    else if (type === "metadata") {
      const { p: _padding, ...members } = payload as Record<string, unknown>;
      rest = { ...rest, ...members };
    }
  }
  assert.equal(order[0], "messageStart");
  assert.deepEqual(order.slice(-2), ["messageStop", "metadata"]);
  assert.equal(order.filter((type) => type === "contentBlockStop").length, blocks.length);
  return { ...rest, output: { message: { content: blocks.map(finished), role: "assistant" } } };
}

function addDelta(blocks: Block[], { contentBlockIndex, delta }: Payload): void {
  if (contentBlockIndex === blocks.length) blocks.push({});
  assert.equal(contentBlockIndex, blocks.length - 1);
  const block = blocks[contentBlockIndex] as Block;
  if (delta.text !== undefined) block.text = (block.text ?? "") + delta.text;
  if (delta.toolUse !== undefined) block.input += delta.toolUse.input;
  for (const [name, piece] of Object.entries(delta.reasoningContent ?? {}))
    block.reasoning = { ...block.reasoning, [name]: (block.reasoning?.[name] ?? "") + piece };
}

function finished({ text: value, toolUse, input, reasoning }: Block): object {
  if (toolUse !== undefined) return { toolUse: { ...toolUse, input: JSON.parse(input ?? "") as unknown } };
  if (reasoning === undefined) return { text: value };
  return "redactedContent" in reasoning
    ? { reasoningContent: reasoning }
    : { reasoningContent: { reasoningText: { text: "", ...reasoning } } };
}

test("Converse: a stream, read by Amazon's decoder, says what the whole reply says", () => {
  fc.assert(
    fc.property(told, ({ reply, events }) => {
      const facts = { ...FACTS, startedAtMs: Date.now() + 1_000_000 };
      const used = { ...reply, latencyMs: reply.usage === undefined ? undefined : reply.latencyMs };
      const whole: unknown = JSON.parse(converseWriter(facts).whole(used).toString());
      assert.deepEqual(assembledByAmazon(streamed(converseWriter(facts), events)), whole);
    }),
    { numRuns: 200 },
  );
});

/** Where a thought that nobody signed stands before another, their border is not told in OpenAI's streams. */
function hasPlainBorders({ reply: { parts } }: Told): boolean {
  return parts.every((part, index) => {
    const before = parts[index - 1];
    return part.type !== "reasoning" || before?.type !== "reasoning" || before.signature !== undefined;
  });
}

test("one gateway behind another: OpenAI's stream, read as an engine's and written again, is the same", () => {
  fc.assert(
    fc.property(told.filter(hasPlainBorders), ({ events, reply }) => {
      // A reply with calls that merely ends would be said to wait for them.
      fc.pre(!(reply.stop === "end" && reply.parts.some(({ type }) => type === "tool-call")));
      const first = streamed(openAiChatWriter(FACTS), events);
      const again: ChatEvent[] = [];
      new OpenAiEvents((event) => again.push(event)).push(first);
      assert.equal(streamed(openAiChatWriter(FACTS), again).toString(), first.toString());
    }),
    { numRuns: 200 },
  );
});

test("and so is its whole reply, put in OpenAI's order", () => {
  fc.assert(
    fc.property(told, ({ reply }) => {
      fc.pre(!(reply.stop === "end" && reply.parts.some(({ type }) => type === "tool-call")));
      // Beside signed thoughts, those that nobody signed are only to be read.
      const isSigned = reply.parts.some((part) => part.type === "reasoning" && part.signature !== undefined);
      fc.pre(!isSigned && reply.parts.every(({ type }) => type !== "redacted-reasoning"));
      const first = openAiChatWriter(FACTS).whole(reply);
      assert.equal(openAiChatWriter(FACTS).whole(readOpenAiReply(first)).toString(), first.toString());
    }),
    { numRuns: 200 },
  );
});
