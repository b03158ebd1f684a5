import assert from "node:assert/strict";
import type { Ask, AskMessage, AskPart, Seen } from "../ask.ts";
import type { Facts } from "../cell.ts";
import type { Inspection } from "../upstreams/model.ts";

/** A user's message whose last text is a command (upstreams/model.ts). */
export function command(tag: string, words: string, ...before: readonly AskPart[]): AskMessage {
  return { role: "user", parts: [...before, { type: "text", text: `@${tag} ${words}` }] };
}

export function said(role: AskMessage["role"], text: string): AskMessage {
  return { role, parts: [{ type: "text", text }] };
}

/** The answer is exactly this; any words do for providers that have their own. */
export function says(seen: Seen, words: string, facts: Facts): void {
  if (facts.freeWords) assert.notEqual(seen.text, "", "there is no text");
  else assert.equal(seen.text, words);
}

/** A model with words of its own may also have said all that it may. */
export function ends(seen: Seen, facts: Facts): void {
  assert.ok(seen.finish === "end" || (facts.freeWords && seen.finish === "length"), seen.finish);
}

/** What the model says that it was sent; undefined for providers with words of their own. */
export function inspection(seen: Seen, facts: Facts): Inspection | undefined {
  if (facts.freeWords) {
    assert.notEqual(seen.text, "", "there is no text");
    return undefined;
  }
  return JSON.parse(seen.text) as Inspection;
}

/** The same row, streamed. */
export function streamed(ask: Ask): Ask {
  return { ...ask, stream: true };
}
