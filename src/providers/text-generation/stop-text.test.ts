import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { StopText } from "./stop-text.ts";

interface Cut {
  readonly text: string;
  readonly stop: string | undefined;
}

function cut(pieces: readonly string[], stops: readonly string[]): Cut {
  const stopText = new StopText(stops);
  let text = "";
  for (const piece of pieces) {
    const told = stopText.push(piece);
    text += told.text;
    if (told.stop !== undefined) return { text, stop: told.stop };
  }
  return { text: text + stopText.end(), stop: undefined };
}

/** By definition: the first end of a stop text, and of those that end there the longest. */
function expected(text: string, stops: readonly string[]): Cut {
  for (let end = 1; end <= text.length; end++) {
    const here = stops.filter((stop) => stop !== "" && text.slice(0, end).endsWith(stop));
    const stop = here.toSorted((a, b) => b.length - a.length)[0];
    if (stop !== undefined) return { text: text.slice(0, end - stop.length), stop };
  }
  return { text, stop: undefined };
}

const letters = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 24 });
const stopLists = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 5 }), {
  maxLength: 4,
});

function split(text: string, places: readonly number[]): string[] {
  const at = [...new Set(places.map((place) => place % (text.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((start, index) => text.slice(start, at[index] ?? text.length));
}

test("however a text is split, it is cut at the same place by the same stop text", () => {
  fc.assert(
    fc.property(letters, stopLists, fc.array(fc.nat(), { maxLength: 8 }), (text, stops, places) => {
      assert.deepEqual(cut(split(text, places), stops), expected(text, stops));
    }),
    { numRuns: 2_000 },
  );
});

test("only what could begin a stop text is held back", () => {
  const stopText = new StopText(["<|eot_id|>"]);
  assert.deepEqual(stopText.push("hello <"), { text: "hello ", stop: undefined });
  assert.deepEqual(stopText.push("|e"), { text: "", stop: undefined });
  assert.deepEqual(stopText.push("ver and "), { text: "<|ever and ", stop: undefined });
  assert.deepEqual(stopText.push("on<|eot_"), { text: "on", stop: undefined });
  assert.deepEqual(stopText.push("id|>more"), { text: "", stop: "<|eot_id|>" });
  assert.deepEqual(stopText.push("still more"), { text: "", stop: "<|eot_id|>" });
});

test("what is held back at the end is told then", () => {
  const stopText = new StopText(["\nUser:"]);
  assert.equal(stopText.push("bye\nUser").text, "bye");
  assert.equal(stopText.end(), "\nUser");
});

test("an empty stop text stops nothing", () => {
  assert.deepEqual(cut(["abc"], [""]), { text: "abc", stop: undefined });
});
