import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { crc32 } from "node:zlib";
import { EventStreamCodec, Int64 } from "@smithy/eventstream-codec";
import fc from "fast-check";
import { parse } from "yaml";
import {
  EventStreamFault,
  FrameReader,
  writeEvent,
  writeException,
  writeFrame,
  type Frame,
} from "./event-stream.ts";

/** Amazon's own; it judges what we write, and writes what we read. */
const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString(),
  (text) => Buffer.from(text),
);
type Headers = Parameters<typeof codec.encode>[0]["headers"];

function encode(headers: Headers, payload: Buffer | string): Buffer {
  return Buffer.from(codec.encode({ headers, body: Buffer.from(payload) }));
}

function texts(headers: Readonly<Record<string, string>>): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, { type: "string", value }]),
  );
}

/** A message whose checksums fit, whatever it says. */
function sealed(length: number, headerBytes: number, rest: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + rest.length + 4);
  bytes.writeUInt32BE(length, 0);
  bytes.writeUInt32BE(headerBytes, 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  rest.copy(bytes, 12);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return bytes;
}

function readAll(bytes: Buffer): Frame[] {
  const reader = new FrameReader();
  const frames = reader.push(bytes);
  assert.equal(reader.pending, 0);
  return frames;
}

function only(bytes: Buffer): Frame {
  const [frame, ...more] = readAll(bytes);
  assert.ok(frame !== undefined && more.length === 0);
  return frame;
}

const headerName = fc.stringMatching(/^[a-z:-]{1,30}$/);
const headerTexts = fc.dictionary(headerName, fc.string({ unit: "grapheme", maxLength: 50 }), { maxKeys: 6 });
const payload = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const anyHeader = fc.oneof(
  fc.record({ type: fc.constant("boolean" as const), value: fc.boolean() }),
  fc.record({ type: fc.constant("byte" as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant("short" as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  fc.record({ type: fc.constant("integer" as const), value: fc.integer() }),
  fc.record({
    type: fc.constant("long" as const),
    value: fc.integer().map((number) => Int64.fromNumber(number)),
  }),
  fc.record({ type: fc.constant("binary" as const), value: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ type: fc.constant("string" as const), value: fc.string({ maxLength: 40 }) }),
  fc.record({
    type: fc.constant("timestamp" as const),
    value: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
  }),
  fc.record({ type: fc.constant("uuid" as const), value: fc.uuid() }),
);

test("what is written is what Amazon's codec writes and reads", () => {
  fc.assert(
    fc.property(headerTexts, payload, (headers, body) => {
      const written = writeFrame(headers, body);
      assert.deepEqual(written, encode(texts(headers), body));
      const { headers: read, body: readBody } = codec.decode(written);
      assert.deepEqual({ ...read }, texts(headers));
      assert.deepEqual(Buffer.from(readBody), body);
    }),
  );
});

test("a payload is the same as text and as bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.deepEqual(writeFrame({ a: "b" }, text), writeFrame({ a: "b" }, Buffer.from(text)));
    }),
  );
});

test("headers of every type are skipped on the way to a text, and none of them is one", () => {
  fc.assert(
    fc.property(fc.dictionary(headerName, anyHeader, { maxKeys: 8 }), payload, (headers, body) => {
      const frame = only(encode(headers, body));
      assert.deepEqual(frame.payload, body);
      for (const name in headers) {
        const header = headers[name];
        assert.equal(frame.header(name), header?.type === "string" ? header.value : undefined, name);
      }
      assert.equal(frame.header("not there"), undefined);
      assert.equal(frame.header(""), undefined);
    }),
  );
});

test("events, exceptions and errors say what they are", () => {
  const event = only(writeEvent("messageStart", '{"role":"assistant"}'));
  assert.deepEqual([event.kind, event.type], ["event", "messageStart"]);
  assert.equal(event.header(":content-type"), "application/json");
  assert.equal(event.payload.toString(), '{"role":"assistant"}');
  const exception = only(writeException("throttlingException", "{}"));
  assert.deepEqual([exception.kind, exception.type], ["exception", "throttlingException"]);
  const error = only(writeFrame({ ":error-code": "500", ":message-type": "error" }, ""));
  assert.deepEqual([error.kind, error.type], ["error", "500"]);
  const bare = only(writeFrame({}, ""));
  assert.deepEqual([bare.kind, bare.type, bare.bytes.length], ["event", "", 16]);
});

test("an event is written as the live service writes it, byte for byte", () => {
  const recorded =
    "AAAAggAAAFIrYQxDCzpldmVudC10eXBlBwAMbWVzc2FnZVN0YXJ0DTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29uDTptZXNzYWdl" +
    "LXR5cGUHAAVldmVudHsicCI6ImFiY2RlIiwicm9sZSI6ImFzc2lzdGFudCJ9Ki5zGA==";
  assert.equal(writeEvent("messageStart", '{"p":"abcde","role":"assistant"}').toString("base64"), recorded);
});

const STREAM = Buffer.concat([
  writeEvent("messageStart", '{"role":"assistant"}'),
  writeFrame({}, ""),
  writeEvent("contentBlockDelta", '{"delta":{"text":"Zürich"}}'),
  writeException("throttlingException", '{"message":"slow down"}'),
]);
const WHOLE = readAll(STREAM).map(({ bytes }) => bytes.toString("hex"));

test("a stream cut at every byte gives the same messages", () => {
  for (let cut = 0; cut <= STREAM.length; cut++) {
    const reader = new FrameReader();
    const frames = [...reader.push(STREAM.subarray(0, cut)), ...reader.push(STREAM.subarray(cut))];
    assert.deepEqual(
      frames.map(({ bytes }) => bytes.toString("hex")),
      WHOLE,
      `cut at ${cut}`,
    );
    assert.equal(reader.pending, 0);
  }
});

test("a stream in single bytes gives each message with its last byte, and nothing is lost at the end", () => {
  const reader = new FrameReader();
  let began = 0;
  for (let at = 0; at < STREAM.length; at++) {
    const [frame] = reader.push(STREAM.subarray(at, at + 1));
    if (frame !== undefined) {
      assert.deepEqual(frame.bytes, STREAM.subarray(began, at + 1));
      began = at + 1;
    }
    assert.equal(reader.pending, at + 1 - began);
  }
  assert.equal(began, STREAM.length);
});

test("any messages in any pieces are read as they were written, also when the pieces' memory is used again", () => {
  const frames = fc.array(fc.tuple(headerTexts, payload), { maxLength: 6 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1 }), (written, sizes) => {
      const stream = Buffer.concat(written.map(([headers, body]) => writeFrame(headers, body)));
      const reader = new FrameReader();
      const read: Frame[] = [];
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = Math.max(sizes[turn % sizes.length] ?? 1, turn % 2);
        read.push(...reader.push(Buffer.from(stream.subarray(at, at + size))));
        at += size;
      }
      assert.equal(reader.pending, 0);
      assert.deepEqual(
        read.map(({ bytes }) => bytes.toString("hex")),
        written.map(([headers, body]) => writeFrame(headers, body).toString("hex")),
      );
    }),
  );
});

test("a flip of any bit is a fault, and what stands before it is read", () => {
  const starts = [0];
  for (const { bytes } of readAll(STREAM)) starts.push((starts.at(-1) ?? 0) + bytes.length);
  for (let at = 0; at < STREAM.length; at++) {
    for (let bit = 1; bit < 256; bit *= 2) {
      const damaged = Buffer.from(STREAM);
      damaged[at] = (damaged[at] ?? 0) ^ bit;
      const reader = new FrameReader();
      const good = starts.findLastIndex((start) => start <= at);
      const frames = good === 0 ? [] : reader.push(damaged);
      assert.deepEqual(
        frames.map(({ bytes }) => bytes.toString("hex")),
        WHOLE.slice(0, good),
        `bit ${bit} at ${at}`,
      );
      assert.throws(() => reader.push(good === 0 ? damaged : Buffer.alloc(1)), EventStreamFault);
    }
  }
});

test("a stream that ends after damage has something pending", () => {
  const damaged = Buffer.from(STREAM);
  damaged[damaged.length - 1] = 0;
  const reader = new FrameReader();
  assert.equal(reader.push(damaged).length, WHOLE.length - 1);
  assert.ok(reader.pending > 0);
});

test("any bytes are messages or a fault", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      try {
        assert.deepEqual(new FrameReader().push(Buffer.from(bytes)), []);
        assert.ok(bytes.length < 12);
      } catch (error) {
        assert.ok(error instanceof EventStreamFault);
      }
    }),
  );
});

test("lengths that cannot be are refused with the first twelve bytes", () => {
  for (const [length, headerBytes] of [
    [0, 0],
    [15, 0],
    [16, 1],
    [100, 85],
    [100, 0xffff_ffff],
    [24 * 1024 * 1024 + 1, 0],
    [0x7fff_ffff, 0],
    [0xffff_ffff, 0],
    [0xffff_ffff, 0xffff_ffef],
    [1_000_000, 128 * 1024 + 1],
  ] as const) {
    const prelude = sealed(length, headerBytes, Buffer.alloc(0)).subarray(0, 12);
    assert.throws(() => new FrameReader().push(prelude), /cannot be/, `${length}, ${headerBytes}`);
  }
  for (const [length, headerBytes] of [
    [16, 0],
    [100, 84],
    [24 * 1024 * 1024, 128 * 1024],
  ] as const) {
    const prelude = sealed(length, headerBytes, Buffer.alloc(0)).subarray(0, 12);
    assert.deepEqual(new FrameReader().push(prelude), []);
  }
});

test("headers that do not fit together are a fault, never a wrong text", () => {
  const headers = writeFrame({ ":message-type": "event", ":event-type": "a" }, "").subarray(12, -4);
  for (let cut = 1; cut < headers.length; cut++) {
    // The rest of the headers is payload then, where no reading of a header may go.
    const frame = only(sealed(16 + headers.length, cut, headers));
    const whole = cut === ":message-type".length + 4 + "event".length;
    if (whole) assert.equal(frame.header(":event-type"), undefined);
    else assert.throws(() => frame.header(":event-type"), EventStreamFault, `cut at ${cut}`);
  }
  for (const type of [10, 11, 127, 255]) {
    const odd = only(sealed(16 + 3, 3, Buffer.from([1, 0x61, type])));
    assert.throws(() => odd.header("b"), EventStreamFault);
  }
});

test("any headers are read or are a fault, as Amazon's codec does", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x61), { maxLength: 40 }),
      ),
      (bytes) => {
        const frame = only(sealed(16 + bytes.length, bytes.length, Buffer.from(bytes)));
        try {
          frame.header("none of these names");
        } catch (error) {
          assert.ok(error instanceof EventStreamFault);
          return;
        }
        codec.decode(frame.bytes);
      },
    ),
  );
});

test("a long message in many pieces is put together", () => {
  const frame = writeFrame({ ":event-type": "chunk" }, Buffer.alloc(20_000_000, "a"));
  const reader = new FrameReader();
  const read: Frame[] = [];
  for (let at = 0; at < frame.length; at += 8_192) read.push(...reader.push(frame.subarray(at, at + 8_192)));
  assert.ok(read[0]?.bytes.equals(frame));
});

const RECORDINGS = path.resolve(import.meta.dirname, "../../../shared/data/wire/bedrock");

test("recorded streams are read whole, as Amazon's codec reads them, and written again alike", (context) => {
  const streams = existsSync(RECORDINGS) ? recordedStreams() : [];
  if (streams.length === 0) return context.skip(`there are no recordings in ${RECORDINGS}`);
  for (const stream of streams) {
    const frames = readAll(stream);
    assert.deepEqual(Buffer.concat(frames.map(({ bytes }) => bytes)), stream);
    assert.equal(frames[0]?.type, "messageStart");
    assert.equal(frames.at(-1)?.type, "metadata");
    for (const frame of frames) {
      const { headers, body } = codec.decode(frame.bytes);
      assert.equal(headers[":event-type"]?.value, frame.type);
      assert.deepEqual(Buffer.from(body), frame.payload);
      assert.deepEqual(writeEvent(frame.type, frame.payload.toString()), frame.bytes);
    }
  }
});

/** Bodies of the recorded replies that are event streams. */
function recordedStreams(): Buffer[] {
  return readdirSync(RECORDINGS)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => readFileSync(path.join(RECORDINGS, name), "utf8"))
    .filter((text) => text.includes("vnd.amazon.eventstream"))
    .flatMap((text) => (parse(text) as Recording).interactions)
    .map(({ response }) => response.body?.string)
    .filter((body) => body instanceof Uint8Array)
    .map((body) => Buffer.from(body));
}

interface Recording {
  readonly interactions: readonly { readonly response: { readonly body?: { readonly string?: unknown } } }[];
}
