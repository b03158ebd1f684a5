import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { DataEvents } from "./data-events.ts";

const STREAM = Buffer.from(
  'data: {"a":"é"}\n\n: comment\n\ndata:{"b":"🚂"}\r\n\r\nevent: x\ndata: 1\ndata: 2\n\n',
);

test("events are the same however their bytes come", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 12 }), (places) => {
      const events = new DataEvents();
      const at = [...new Set(places)].toSorted((a, b) => a - b);
      const read = [0, ...at].flatMap((start, index) => events.push(STREAM.subarray(start, at[index])));
      assert.deepEqual(read, ['{"a":"é"}', '{"b":"🚂"}', "1\n2"]);
      assert.equal(events.isOpen, false);
    }),
  );
});

test("an event without its blank line is open", () => {
  for (const part of ["d", "data: {}", "data: {}\n", "data: {}\n\ndata"]) {
    const events = new DataEvents();
    events.push(Buffer.from(part));
    assert.equal(events.isOpen, true, part);
  }
});

test("an event without an end is no event", () => {
  const events = new DataEvents();
  const megabyte = Buffer.alloc(1024 * 1024, "x");
  assert.throws(() => {
    for (let count = 0; count < 40; count++) events.push(megabyte);
  }, RangeError);
  const lines = new DataEvents();
  const line = Buffer.concat([Buffer.from("data: "), megabyte, Buffer.from("\n")]);
  assert.throws(() => {
    for (let count = 0; count < 40; count++) lines.push(line);
  }, RangeError);
});
