import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { LineReader } from "./line-reader.ts";

const line = fc.string({ unit: "grapheme", maxLength: 10 }).filter((text) => !/[\r\n]/.test(text));

test("lines are the same wherever a stream is cut, also inside a character", () => {
  fc.assert(
    fc.property(fc.array(line), line, fc.constantFrom("\n", "\r\n"), fc.nat(9), (lines, rest, end, size) => {
      const bytes = Buffer.from(lines.map((text) => text + end).join("") + rest);
      const reader = new LineReader();
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size + 1)
        found.push(...reader.push(bytes.subarray(at, at + size + 1)));
      assert.deepEqual(found, lines);
      assert.equal(reader.rest(), rest);
    }),
  );
});
