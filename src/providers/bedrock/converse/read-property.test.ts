import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { ChatEvent, ChatReply } from "../../../core/chat.ts";
import { ConverseEvents } from "./read-events.ts";
import { readConverseReply } from "./read-reply.ts";
import { redactedBytes, redactedData } from "../../../core/bedrock-redacted.ts";
import { tool, write } from "./support.test.ts";

type Part = ChatReply["parts"][number];
type Sent = readonly [type: string, payload: object];

/** A content block of a whole reply, and the deltas that say the same; pieces are cut where the numbers say. */
interface Block {
  readonly whole: object;
  readonly start: object | undefined;
  readonly deltas: readonly object[];
}

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const cuts = fc.array(fc.nat(12), { maxLength: 3 });

const blocks: fc.Arbitrary<Block> = fc.oneof(
  fc.tuple(text, cuts).map(([value, at]) => ({
    whole: { text: value },
    start: undefined,
    deltas: cut(value, at).map((piece) => ({ text: piece })),
  })),
  fc.tuple(text, fc.option(text, { nil: undefined }), cuts).map(([value, signature, at]) => ({
    whole: { reasoningContent: { reasoningText: { text: value, signature } } },
    start: undefined,
    deltas: [
      ...cut(value, at).map((piece) => ({ reasoningContent: { text: piece } })),
      ...(signature === undefined
        ? []
        : cut(signature, at).map((piece) => ({ reasoningContent: { signature: piece } }))),
    ],
  })),
  fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => {
    const redactedContent = Buffer.from(bytes).toString("base64");
    const block = { reasoningContent: { redactedContent } };
    return { whole: block, start: undefined, deltas: [block] };
  }),
  fc
    .tuple(
      fc.constantFrom("look", "a_b_0123456789ab", "json_answer"),
      fc.dictionary(text, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }),
      fc.constantFrom("tool_use", "server_tool_use", undefined),
      cuts,
    )
    .map(([name, input, type, at]) => {
      const use = { toolUseId: "id", name, ...(type !== undefined && { type }) };
      return {
        whole: { toolUse: { ...use, input } },
        start: { toolUse: use },
        deltas: cut(JSON.stringify(input), at).map((piece) => ({ toolUse: { input: piece } })),
      };
    }),
  fc.constant({
    whole: { toolResult: { toolUseId: "id", content: [] } },
    start: { toolResult: { toolUseId: "id" } },
    deltas: [{ toolResult: [{ text: "x" }] }],
  }),
);

function cut(value: string, at: readonly number[]): string[] {
  const places = [0, ...at.filter((place) => place <= value.length).toSorted((a, b) => a - b), value.length];
  return places.slice(1).map((end, index) => value.slice(places[index], end));
}

/** The events of a stream: blocks in turn, or mixed as the numbers say. */
function streamOf(contents: readonly Block[], mix: readonly number[]): Sent[] {
  const waiting = contents.map(({ start, deltas }, contentBlockIndex): Sent[] => [
    ...(start === undefined ? [] : [["contentBlockStart", { contentBlockIndex, start }] as const]),
    ...deltas.map((delta) => ["contentBlockDelta", { contentBlockIndex, delta }] as const),
    ["contentBlockStop", { contentBlockIndex }],
  ]);
  const sent: Sent[] = [];
  // A block begins after the one before it.
  let begun = 0;
  for (const number of mix) {
    const index = number % (begun + 1);
    const next = waiting[index]?.shift();
    if (next !== undefined) sent.push(next);
    if (index === begun) begun++;
  }
  return [...sent, ...waiting.flat(), ["messageStop", { stopReason: "tool_use" }]];
}

/** Puts events together as a client would. */
function gathered(events: readonly ChatEvent[]): Part[] {
  const parts: Part[] = [];
  let open: Part | undefined;
  for (const event of events) {
    if (event.type === "part-end") open = undefined;
    else if (event.type === "stop" || event.type === "usage") continue;
    else {
      const next = joined(open, event);
      if (open === undefined) parts.push(next);
      else parts[parts.length - 1] = next;
      open = next;
    }
  }
  return parts.map((part) =>
    part.type === "tool-call" && part.input === "" ? { ...part, input: "{}" } : part,
  );
}

function joined(open: Part | undefined, event: ChatEvent): Part {
  if (event.type === "text")
    return { type: "text", text: (open?.type === "text" ? open.text : "") + event.text };
  if (event.type === "redacted-reasoning") return event;
  if (event.type === "tool-call") return { type: "tool-call", id: event.id, name: event.name, input: "" };
  if (event.type === "reasoning") {
    const before = open?.type === "reasoning" ? open.text : "";
    return { type: "reasoning", text: before + event.text, signature: event.signature };
  }
  assert.ok(event.type === "tool-input" && open?.type === "tool-call");
  return { ...open, input: open.input + event.json };
}

test("a stream, in whatever pieces and however mixed, has the parts of the whole reply", () => {
  fc.assert(
    fc.property(
      fc.array(blocks, { maxLength: 5 }),
      fc.array(fc.nat(20), { maxLength: 60 }),
      fc.constantFrom(undefined, "json_answer"),
      (contents, mix, schemaTool) => {
        const how = { names: new Map([["a_b_0123456789ab", "a.b"]]), schemaTool };
        const body = {
          output: { message: { content: contents.map(({ whole }) => whole) } },
          stopReason: "tool_use",
        };
        const whole = readConverseReply(Buffer.from(JSON.stringify(body)), how);
        const events: ChatEvent[] = [];
        const reader = new ConverseEvents(how, (event) => events.push(event));
        // Which of two answers is the first, mixed streams and whole replies may see differently.
        const isOneAnswer =
          contents.filter(({ whole: one }) => JSON.stringify(one).includes('"json_answer"')).length < 2;
        for (const [type, payload] of streamOf(contents, isOneAnswer ? mix : []))
          reader.read(type, Buffer.from(JSON.stringify(payload)));
        assert.deepEqual(gathered(events), whole.parts);
        assert.deepEqual(events.at(-1), { type: "stop", reason: whole.stop });
      },
    ),
    { numRuns: 2_000 },
  );
});

test("names of tools survive the way there and back", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ unit: "binary", maxLength: 90 }), { minLength: 1, maxLength: 6 }),
      (names) => {
        const { body, how } = write({ tools: names.map((name) => tool(name)) });
        const calls = body.toolConfig.tools.map(({ toolSpec }: { toolSpec: { name: string } }) => ({
          toolUse: { toolUseId: "id", name: toolSpec.name, input: {} },
        }));
        const reply = { output: { message: { content: calls } }, stopReason: "tool_use" };
        const { parts } = readConverseReply(Buffer.from(JSON.stringify(reply)), how);
        assert.deepEqual(
          parts.map((part) => part.type === "tool-call" && part.name),
          names,
        );
      },
    ),
  );
});

test("redacted thoughts survive the way there and back, byte by byte", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const sent = Buffer.from(bytes);
      assert.deepEqual(redactedBytes(redactedData(sent)), sent);
    }),
  );
  for (const data of ["ZGF0YQ==", "é", ""]) assert.equal(redactedData(redactedBytes(data)), data);
});
