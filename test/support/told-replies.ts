import fc from "fast-check";
import type { ChatEvent, ChatReply, StopReason } from "../../src/core/chat.ts";
import type { ChatWriter } from "../../src/gateway/dialects/chat-writer.ts";

/** A reply, and one of the ways in which a stream tells it. */
export interface Told {
  readonly reply: ChatReply;
  readonly events: readonly ChatEvent[];
}
type Part = ChatReply["parts"][number];

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const filled = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const args = fc
  .dictionary(text, fc.oneof(text, fc.integer()), { maxKeys: 3, noNullPrototype: true })
  .map((value) => JSON.stringify(value));

/** A text in pieces, some of which may be empty. */
function inPieces(whole: string): fc.Arbitrary<readonly string[]> {
  return fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 4 }).map((cuts) => {
    const ends = [...cuts.toSorted((a, b) => a - b), whole.length];
    return ends.map((end, index) => whole.slice(index === 0 ? 0 : ends[index - 1], end));
  });
}

interface PartTold {
  readonly part: Part;
  readonly events: readonly ChatEvent[];
}

const said: fc.Arbitrary<PartTold> = filled.chain((value) =>
  inPieces(value).map((pieces) => ({
    part: { type: "text", text: value },
    events: pieces.map((piece) => ({ type: "text", text: piece })),
  })),
);
const unsigned: fc.Arbitrary<PartTold> = filled.chain((value) =>
  inPieces(value).map((pieces) => ({
    part: { type: "reasoning", text: value, signature: undefined },
    events: pieces.map((piece) => ({ type: "reasoning", text: piece, signature: undefined })),
  })),
);
const signed: fc.Arbitrary<PartTold> = fc
  .tuple(text, filled, fc.boolean())
  .chain(([value, signature, alone]) =>
    inPieces(value).map((pieces) => {
      const told = pieces.map((piece, index) => ({
        type: "reasoning" as const,
        text: piece,
        signature: !alone && index === pieces.length - 1 ? signature : undefined,
      }));
      const last = { type: "reasoning", text: "", signature } as const;
      return { part: { type: "reasoning", text: value, signature }, events: alone ? [...told, last] : told };
    }),
  );
const redacted: fc.Arbitrary<PartTold> = filled.map((data) => ({
  part: { type: "redacted-reasoning", data },
  events: [{ type: "redacted-reasoning", data }],
}));
const call: fc.Arbitrary<PartTold> = fc
  .tuple(filled, filled, fc.oneof(args, fc.constant("")))
  .chain(([id, name, input]) =>
    inPieces(input).map((pieces) => ({
      part: { type: "tool-call", id, name, input },
      events: [
        { type: "tool-call", id, name },
        ...pieces.map((json) => ({ type: "tool-input", json }) as const),
      ],
    })),
  );

const reasons: readonly StopReason[] = ["end", "max-tokens", "tool-calls", "content-filter", "guardrail"];
const usage = fc
  .tuple(fc.nat(1_000), fc.nat(1_000), fc.nat(1_000), fc.nat(1_000), fc.nat(1_000))
  .map(([fresh, cachedInputTokens, cacheWriteInputTokens, spoken, reasoningTokens]) => ({
    inputTokens: fresh + cachedInputTokens + cacheWriteInputTokens,
    cachedInputTokens,
    cacheWriteInputTokens,
    outputTokens: spoken + reasoningTokens,
    reasoningTokens,
  }));

/** Replies that a model may give, each with a stream that says the same. */
export const told: fc.Arbitrary<Told> = fc
  .tuple(
    fc.array(fc.tuple(fc.oneof(said, unsigned, signed, redacted, call), fc.boolean()), { maxLength: 6 }),
    fc.constantFrom(...reasons),
    fc.option(usage, { nil: undefined }),
    fc.option(fc.constantFrom("default", "priority"), { nil: undefined }),
  )
  .map(([parts, stop, used, tier]) => {
    const events: ChatEvent[] = [];
    for (const [index, [{ part, events: own }, ends]] of parts.entries()) {
      events.push(...own);
      // Between two of one kind there must be an end; elsewhere there may be one.
      if (ends || parts[index + 1]?.[0].part.type === part.type) events.push({ type: "part-end" });
    }
    events.push({ type: "stop", reason: stop });
    if (used !== undefined) events.push({ type: "usage", usage: used, latencyMs: 5, serviceTier: tier });
    return {
      reply: {
        parts: parts.map(([{ part }]) => part),
        stop,
        usage: used,
        latencyMs: 5,
        serviceTier: used === undefined ? undefined : tier,
      },
      events,
    };
  });

/** What a writer makes of a stream. */
export function streamed(writer: ChatWriter, events: readonly ChatEvent[]): Buffer {
  return Buffer.concat([...events.map((event) => writer.event(event) ?? Buffer.alloc(0)), writer.end()]);
}
