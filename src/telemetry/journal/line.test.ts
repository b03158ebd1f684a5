import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { decodeLine, encodeLine, type LineKind } from "./line.ts";

const kinds = fc.constantFrom<LineKind>("h", "o", "c", "g");
/** What a line may say: any text as JSON has it, so without line feeds. */
const bodies = fc.string({ unit: "binary", maxLength: 80 }).map((text) => JSON.stringify([text]));

/** As a reader has it: bytes of a file, without the line feed. */
function bytesOf(kind: LineKind, body: string): Buffer {
  return Buffer.from(encodeLine(kind, body).slice(0, -1));
}

test("a line says after the disk what it said before", () => {
  fc.assert(
    fc.property(kinds, bodies, (kind, body) => {
      assert.deepEqual(decodeLine(bytesOf(kind, body).toString()), { kind, body });
    }),
  );
});

test("a line is one line: its only line feed is its last byte", () => {
  fc.assert(
    fc.property(kinds, bodies, (kind, body) => {
      const line = encodeLine(kind, body);
      assert.equal(line.indexOf("\n"), line.length - 1);
    }),
  );
});

test("a line with any one bit changed is not whole", () => {
  fc.assert(
    fc.property(kinds, bodies, fc.nat(), (kind, body, place) => {
      const bytes = bytesOf(kind, body);
      const bit = place % (bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(decodeLine(bytes.toString()), undefined);
    }),
    { numRuns: 2_000 },
  );
});

test("every bit of a line is guarded", () => {
  const whole = bytesOf("c", '["id",1700000000000,42,"answered","ü€😀\ufffd",null]');
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const bytes = Buffer.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(decodeLine(bytes.toString()), undefined, `bit ${bit}`);
  }
});

test("a line with any one byte exchanged is not whole", () => {
  fc.assert(
    fc.property(kinds, bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (kind, body, at, change) => {
      const bytes = bytesOf(kind, body);
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ change;
      assert.equal(decodeLine(bytes.toString()), undefined);
    }),
    { numRuns: 2_000 },
  );
});

test("a line that was cut anywhere, or that another one runs into, is not whole", () => {
  fc.assert(
    fc.property(kinds, bodies, kinds, bodies, fc.nat(), (kind, body, otherKind, other, at) => {
      const line = encodeLine(kind, body).slice(0, -1);
      const cut = line.slice(0, at % line.length);
      assert.equal(decodeLine(cut), undefined);
      assert.equal(decodeLine(cut + encodeLine(otherKind, other).slice(0, -1)) === undefined, cut !== "");
    }),
  );
});

test("a line of one kind is not taken for one of another kind", () => {
  const line = encodeLine("o", "[1]").slice(0, -1);
  for (const kind of ["h", "c", "g", "x", " ", "O"])
    assert.equal(decodeLine(kind + line.slice(1)), undefined);
});

test("an empty line and lines of other files are not whole", () => {
  for (const text of ["", " ", "o", "o 00000000", "o 00000000 ", '{"journal":1}', "\u0000".repeat(40)])
    assert.equal(decodeLine(text), undefined, JSON.stringify(text));
});
