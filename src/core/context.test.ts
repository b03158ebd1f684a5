import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { CONTEXT_WORDS, isContextWord, moreSensitive, SENSITIVITIES, wordFault } from "./context.ts";

test("the words are those of the contract, and tenant is none", () => {
  const words = "user app feature workflow journey task latency sensitivity budget prompt";
  assert.deepEqual([...CONTEXT_WORDS], words.split(" "));
  for (const text of ["tenant", "User", "", "toString", "__proto__"])
    assert.equal(isContextWord(text), false, text);
});

test("sensitivities are ordered from public to restricted", () => {
  assert.deepEqual([...SENSITIVITIES], ["public", "internal", "confidential", "restricted"]);
  const one = fc.constantFrom(...SENSITIVITIES);
  fc.assert(
    fc.property(one, one, (a, b) => {
      const rank = Math.max(SENSITIVITIES.indexOf(a), SENSITIVITIES.indexOf(b));
      assert.equal(moreSensitive(a, b), SENSITIVITIES[rank]);
    }),
  );
});

for (const word of CONTEXT_WORDS) {
  test(`${word} may not be empty, too long or hold a control character`, () => {
    assert.match(wordFault(word, "") ?? "", new RegExp(`^${word}: is empty`));
    assert.match(wordFault(word, "a".repeat(257)) ?? "", new RegExp(`^${word}: is longer than 256`));
    for (const bad of ["\n", "\r", "\0", "\t", "\u001f", "\u007f"]) {
      assert.match(wordFault(word, `a${bad}b`) ?? "", new RegExp(`^${word}: holds a control character`));
    }
  });
}

for (const word of ["user", "app", "feature", "workflow", "journey", "task"] as const) {
  test(`${word} may be any text of up to 256 characters`, () => {
    for (const value of ["a", "a".repeat(256), "Jürgen 😀", "a@b.c", "../x", '"']) {
      assert.equal(wordFault(word, value), undefined, value);
    }
  });
}

test("latency and sensitivity are one of their classes, spelt exactly", () => {
  for (const value of ["interactive", "standard", "batch"])
    assert.equal(wordFault("latency", value), undefined);
  for (const value of SENSITIVITIES) assert.equal(wordFault("sensitivity", value), undefined);
  assert.equal(
    wordFault("latency", "Batch"),
    'latency: write one of interactive, standard, batch, not "Batch"',
  );
  assert.equal(
    wordFault("sensitivity", "secret"),
    'sensitivity: write one of public, internal, confidential, restricted, not "secret"',
  );
});

test("a budget is a USD decimal without a sign, an exponent or more than nine decimals", () => {
  for (const value of ["0", "0.05", "500", "0.000000001", "999999999999.999999999"]) {
    assert.equal(wordFault("budget", value), undefined, value);
  }
  for (const value of ["-1", "1e3", ".5", "1.", "1.0000000001", "1234567890123", "5 USD", "$5", "NaN"]) {
    assert.match(wordFault("budget", value) ?? "", /^budget: write a USD decimal such as 0\.05/, value);
  }
});

test("a prompt is a name and a version", () => {
  for (const value of ["greet@3", "a/b.c@2026-01-01"])
    assert.equal(wordFault("prompt", value), undefined, value);
  for (const value of ["greet", "@3", "greet@", "a@b@c", "a b@c", "greet@3 "]) {
    assert.match(wordFault("prompt", value) ?? "", /^prompt: write name@version/, value);
  }
});
