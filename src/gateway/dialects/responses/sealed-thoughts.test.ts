import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import fc from "fast-check";
import { openThought, sealThought, type Thought } from "./sealed-thoughts.ts";

const KEY = randomBytes(32);
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const thought: fc.Arbitrary<Thought> = fc.oneof(
  fc
    .tuple(text, fc.option(text, { nil: undefined }))
    .map(([said, signature]) => ({ type: "reasoning" as const, text: said, signature })),
  text.map((data) => ({ type: "redacted-reasoning" as const, data })),
);

test("a thought that was sealed is opened as it was", () => {
  fc.assert(
    fc.property(thought, (one) => {
      const sealed = sealThought(one, KEY);
      assert.match(sealed, /^sy1\.[A-Za-z0-9_-]+$/);
      assert.deepEqual(openThought(sealed, KEY), one);
    }),
  );
});

test("no two seals are the same, and none shows what is in it", () => {
  const one = { type: "reasoning", text: "the secret plan", signature: "s" } as const;
  const sealed = sealThought(one, KEY);
  assert.notEqual(sealed, sealThought(one, KEY));
  assert.ok(!Buffer.from(sealed.slice(4), "base64url").includes("secret"));
});

test("a seal that was changed anywhere, shortened, or made under another key does not open", () => {
  const sealed = sealThought({ type: "reasoning", text: "a", signature: "s" }, KEY);
  const bytes = Buffer.from(sealed.slice(4), "base64url");
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(openThought(`sy1.${changed.toString("base64url")}`, KEY), undefined);
    assert.equal(openThought(`sy1.${bytes.toString("base64url", 0, at)}`, KEY), undefined);
  }
  assert.equal(openThought(sealed, randomBytes(32)), undefined);
});

test("what another maker encrypted does not open", () => {
  for (const other of ["", "gAAAAABowgAKxFTo", "rsn_5ZVrif4J0bXIqmWdledj7Q", "sy1.", "sy1.!!!"])
    assert.equal(openThought(other, KEY), undefined);
});
