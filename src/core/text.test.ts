import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { brief } from "./text.ts";

test("a short text on one line is itself", () => {
  for (const text of ["", "model", "Jürgen 😀", "a".repeat(100)]) assert.equal(brief(text), text);
});

test("a long text is shortened, and says so", () => {
  assert.equal(brief("a".repeat(101)), `${"a".repeat(100)}…`);
  assert.equal(brief("abcdef", 3), "abc…");
});

test("whatever it is given, it is one line without control characters", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 20 }), fc.nat(30), (text, most) => {
      assert.match(brief(text, most), /^[^\p{Cc}\u2028\u2029]*$/u);
      assert.ok(brief(text, most).length <= most + 1);
    }),
    { numRuns: 300 },
  );
});

test("it does not end in the middle of a character", () => {
  for (let most = 0; most <= 6; most++)
    assert.ok(brief("a😀😀😀", most).isWellFormed(), `${most} characters`);
});
