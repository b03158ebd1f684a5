import type { AnswerBlock } from "./answer.ts";

/** Answers kept; the oldest go first. */
const MOST = 10_000;

/**
 * Which reasoning went out together with which tool call. A client that returns the call in the latest assistant
 * message must return that reasoning unchanged.
 */
export class IssuedReasoning {
  /** Signatures and redacted data, in order, by the id of a tool call of the same answer. */
  readonly #byCall = new Map<string, readonly string[]>();

  remember(blocks: readonly AnswerBlock[]): void {
    const marks = blocks.flatMap((block) =>
      block.kind === "redacted"
        ? [block.data]
        : block.kind === "reasoning" && block.signature !== undefined
          ? [block.signature]
          : [],
    );
    if (marks.length === 0) return;
    for (const block of blocks) if (block.kind === "tool") this.#byCall.set(block.id, marks);
    for (const id of this.#byCall.keys()) {
      if (this.#byCall.size <= MOST) break;
      this.#byCall.delete(id);
    }
  }

  /** @returns undefined where the call is not one of this emulator's answers with reasoning */
  of(toolUseId: string): readonly string[] | undefined {
    return this.#byCall.get(toolUseId);
  }
}
