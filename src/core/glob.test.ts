import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { matchesAny, matchesGlob } from "./glob.ts";

/** The same question to a regular expression. */
function oracle(pattern: string, name: string): boolean {
  const pieces = pattern.split("*").map((piece) => piece.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"));
  return new RegExp(`^${pieces.join(".*")}$`, "s").test(name);
}

test("a star stands for any run of characters, also for none", () => {
  assert.ok(matchesGlob("support.*", "support.answer"));
  assert.ok(matchesGlob("support.*", "support."));
  assert.ok(matchesGlob("*", ""));
  assert.ok(matchesGlob("**", "anything"));
  assert.ok(matchesGlob("a*c*e", "abcde"));
  assert.ok(matchesGlob("*.*", "a.b.c"));
  assert.ok(!matchesGlob("support.*", "support"));
  assert.ok(!matchesGlob("support.*", "xsupport.answer"));
});

test("two pieces of a pattern do not share characters of the name", () => {
  assert.ok(!matchesGlob("aba*aba", "aba"));
  assert.ok(!matchesGlob("ab*ba", "aba"));
  assert.ok(!matchesGlob("a*b*b", "ab"));
});

test("without a star a pattern is the name itself, and nothing but the star is special", () => {
  assert.ok(matchesGlob("a.b", "a.b"));
  assert.ok(!matchesGlob("a.b", "axb"));
  assert.ok(!matchesGlob("", "a"));
  assert.ok(matchesGlob("", ""));
  assert.ok(!matchesGlob("a?", "ab"));
  assert.ok(!matchesGlob("[a-z]", "b"));
  assert.ok(!matchesGlob("A", "a"));
});

test("it says what the same regular expression says", () => {
  const letter = fc.constantFrom("a", "b", ".", "\n");
  const pattern = fc.string({ unit: fc.oneof(letter, fc.constant("*")), maxLength: 8 });
  const name = fc.string({ unit: letter, maxLength: 10 });
  fc.assert(
    fc.property(pattern, name, (glob, text) => assert.equal(matchesGlob(glob, text), oracle(glob, text))),
    { numRuns: 2_000 },
  );
});

test("whatever a pattern's stars are filled with, the result fits", () => {
  const pieces = fc.array(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(pieces, fc.infiniteStream(fc.string({ maxLength: 4 })), (literals, fillings) => {
      const plain = literals.map((literal) => literal.replaceAll("*", ""));
      const name = plain.reduce((text, literal) => text + (fillings.next().value as string) + literal);
      assert.ok(matchesGlob(plain.join("*"), name));
    }),
  );
});

test("a name fits a list where one of its patterns fits", () => {
  assert.ok(matchesAny(["x", "a.*"], "a.b"));
  assert.ok(!matchesAny(["x", "a.*"], "b"));
  assert.ok(!matchesAny([], "b"));
});
