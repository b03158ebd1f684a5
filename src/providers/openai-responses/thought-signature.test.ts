import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { fromSignature, toSignature } from "./thought-signature.ts";

test("a thought's proof comes back as it was made", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-composite" }), fc.string(), (id, encrypted) => {
      assert.deepEqual(fromSignature(toSignature({ id, encrypted })), { id, encrypted });
    }),
  );
});

test("another maker's proof is none, nor one that somebody changed", () => {
  for (const signature of [undefined, "", "EqQBCkYIBRgC", "openai-responses:rs_1", "openai-responses:%:x"])
    assert.equal(fromSignature(signature), undefined, signature);
});
