import assert from "node:assert/strict";
import test from "node:test";
import { EventStreamCodec } from "@smithy/eventstream-codec";
import fc from "fast-check";
import { openStream, part } from "./endpoint.ts";
import { readStream, startSetup } from "./setup.ts";

/** Amazon's own; it writes what we read, and judges what these tests write. */
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);

function encoded(payload: Buffer): Buffer {
  const text = (value: string): { type: "string"; value: string } => ({ type: "string", value });
  const headers = {
    ":event-type": text("PayloadPart"),
    ":content-type": text("application/octet-stream"),
    ":message-type": text("event"),
  };
  return Buffer.from(codec.encode({ headers, body: payload }));
}

test("a part is framed as Amazon's codec frames it", () => {
  const payload = Buffer.from('{"token":{"text":"三"}}\n');
  assert.deepEqual(part(payload), encoded(payload));
  assert.equal(codec.decode(part(payload)).headers[":event-type"]?.value, "PayloadPart");
});

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });

test("trap 19: lines are the same however parts cut them, and their characters", async () => {
  let frames: Buffer[] = [];
  await using setup = await startSetup(
    (_request, response) => {
      openStream(response);
      response.end(Buffer.concat(frames));
    },
    { payload: "djl" },
  );
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 5 }), sizes, async (words, lengths) => {
      const lines = words.map((word, index) =>
        JSON.stringify({
          token: { id: 1, text: word },
          ...(index === words.length - 1 && {
            generated_text: words.join(""),
            details: { finish_reason: "length", generated_tokens: words.length },
          }),
        }),
      );
      frames = cut(Buffer.from(`${lines.join("\n")}\n`), lengths).map(encoded);
      const read = await readStream(setup.client);
      assert.deepEqual([read.text, read.finish], [words.join(""), "length"]);
    }),
    { numRuns: 60 },
  );
});

/** In pieces of these lengths, again and again. */
function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = lengths[pieces.length % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}
