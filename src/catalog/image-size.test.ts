import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { imageSize } from "./image-size.ts";
import { imageTokens } from "./image-tokens.ts";

/** 300 by 200 pixels; headers alone, for the image is never decoded. */
const HEADERS: Readonly<Record<string, Buffer>> = {
  PNG: Buffer.from("89504e470d0a1a0a0000000d494844520000012c000000c8", "hex"),
  GIF: Buffer.from("4749463839612c01c800", "hex"),
  "JPEG with a segment before its frame": Buffer.from(
    "ffd8ffe000104a46494600010100000100010000ffc000110800c8012c03012200021101031101",
    "hex",
  ),
  "lossy WebP": webp("VP8 ", Buffer.from("3001009d012a2c01c800", "hex")),
  "lossless WebP": webp(
    "VP8L",
    Buffer.concat([Buffer.from([0x2f]), littleEndian(299 | (199 << 14), 4), Buffer.alloc(5)]),
  ),
  "extended WebP": webp("VP8X", Buffer.concat([Buffer.alloc(4), littleEndian(299, 3), littleEndian(199, 3)])),
};

for (const [name, bytes] of Object.entries(HEADERS))
  test(`the size of a ${name} is read from its first bytes`, () => {
    assert.deepEqual(imageSize(bytes.toString("base64")), { width: 300, height: 200 });
  });

test("whatever the bytes are, reading them ends, with a size or without", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(HEADERS)),
      fc.nat({ max: 30 }),
      fc.uint8Array({ maxLength: 64 }),
      (header, kept, rest) => {
        const size = imageSize(Buffer.concat([header.subarray(0, kept), rest]).toString("base64"));
        assert.ok(size === undefined || (size.width > 0 && size.height > 0));
      },
    ),
  );
});

test("a JPEG whose segment claims no length ends", () => {
  assert.equal(imageSize(Buffer.from(`ffd8${"ffe00000".repeat(50)}`, "hex").toString("base64")), undefined);
});

// https://platform.claude.com/docs/en/build-with-claude/vision
test("Claude counts 750 pixels to a token, and scales down what is larger", () => {
  assert.equal(imageTokens({ width: 200, height: 200 }, "claude"), 54);
  assert.equal(imageTokens({ width: 1000, height: 1000 }, "claude-4.5"), 1334);
  assert.equal(imageTokens({ width: 8000, height: 8000 }, "claude"), 1600);
});

// https://developers.openai.com/api/docs/guides/images-vision
test("OpenAI counts tiles of 512 pixels, after scaling", () => {
  assert.equal(imageTokens({ width: 1024, height: 1024 }, "openai-o200k"), 765);
  assert.equal(imageTokens({ width: 2048, height: 4096 }, "openai-o200k"), 1105);
});

test("where a family's rule is not known, an image has no number", () => {
  assert.equal(imageTokens({ width: 10, height: 10 }, "nova"), undefined);
});

function webp(chunk: string, payload: Buffer): Buffer {
  const head = [Buffer.from("RIFF"), Buffer.alloc(4), Buffer.from(`WEBP${chunk}`), Buffer.alloc(4)];
  return Buffer.concat([...head, payload]);
}

function littleEndian(value: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUIntLE(value, 0, length);
  return bytes;
}
