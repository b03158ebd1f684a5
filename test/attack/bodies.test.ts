import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { assertAlive, assertError, postBody as post, startPair } from "./support.ts";

const MESSAGES = `"messages":[{"role":"user","content":"hi"}]`;
const FINE = `"model":"fine",${MESSAGES}`;

const bytes = (...parts: (string | number[])[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : part)));

const DEEP = 100_000;
const BACKSLASH = "\\";

/** What is sent, and what the refusal names. */
const REFUSED: Readonly<Record<string, readonly [string | Uint8Array<ArrayBuffer>, RegExp]>> = {
  "text that is not JSON": ["hello", /expected a JSON object at byte 0/],
  "an empty body": ["", /the body is empty/],
  "white space alone": [" \n\t ", /expected a JSON object at byte 4/],
  "an array": [`[{${FINE}}]`, /expected a JSON object at byte 0/],
  "a number": ["42", /expected a JSON object at byte 0/],
  "a string": [`"{}"`, /expected a JSON object at byte 0/],
  null: ["null", /expected a JSON object at byte 0/],
  "text after the object": [`{${FINE}} x`, /unexpected text after the JSON object at byte/],
  "a second object": [`{${FINE}}{"model":"other"}`, /unexpected text after the JSON object at byte/],
  "an object that ends too early": [`{${FINE}`, /expected "," or "}" in an object at byte/],
  "a comma before the end": [`{${FINE},}`, /expected a key in double quotes at byte/],
  "a key without quotes": [`{model:"fine"}`, /expected a key in double quotes at byte 1/],
  "single quotes": [`{'model':'fine'}`, /expected a key in double quotes at byte 1/],
  "a comment": [`{/**/${FINE}}`, /expected a key in double quotes at byte 1/],
  NaN: [`{${FINE},"temperature":NaN}`, /expected a JSON value at byte/],
  "a number with a leading zero": [`{${FINE},"seed":01}`, /expected "," or "}" in an object at byte/],
  "a number that ends in a point": [`{${FINE},"seed":1.}`, /a number lacks a digit at byte/],
  "a hexadecimal number": [`{${FINE},"seed":0x1}`, /expected "," or "}" in an object at byte/],
  "a duplicate key": [`{"model":"fine",${FINE}}`, /duplicate key "model" at byte/],
  "a duplicate key in a message": [
    `{"model":"fine","messages":[{"role":"user","role":"system","content":"x"}]}`,
    /duplicate key "role" at byte/,
  ],
  "a duplicate key that is spelt with an escape": [
    `{"model":"fine","${BACKSLASH}u006dodel":"other",${MESSAGES}}`,
    /duplicate key "\\u006dodel" at byte/,
  ],
  "a duplicate key of which the first is spelt with an escape": [
    `{"mode${BACKSLASH}u006c":"other",${FINE}}`,
    /duplicate key "model" at byte/,
  ],
  "a duplicate key among many": [
    `{${Array.from({ length: 40 }, (_, index) => `"k${index}":1`).join(",")},"k3":2,${FINE}}`,
    /duplicate key "k3" at byte/,
  ],
  "a duplicate key in the metadata": [
    `{${FINE},"metadata":{"switchyard_user":"a","switchyard_user":"b"}}`,
    /duplicate key "switchyard_user" at byte/,
  ],
  "arrays 100,000 deep": [
    `{${FINE},"x":${"[".repeat(DEEP)}${"]".repeat(DEEP)}}`,
    /nested deeper than 256 levels at byte/,
  ],
  "objects 100,000 deep": [
    `{${FINE},"x":${'{"a":'.repeat(DEEP)}1${"}".repeat(DEEP)}}`,
    /nested deeper than 256 levels at byte/,
  ],
  "brackets that never close": ["[".repeat(DEEP), /expected a JSON object at byte 0/],
  "a lone high surrogate, escaped": [
    `{${FINE},"x":"${BACKSLASH}ud800"}`,
    /a lone surrogate stands in a string/,
  ],
  "a lone low surrogate, escaped": [
    `{${FINE},"x":"${BACKSLASH}uDC00"}`,
    /a lone surrogate stands in a string/,
  ],
  "surrogates in the wrong order": [
    `{${FINE},"x":"${BACKSLASH}udc00${BACKSLASH}ud800"}`,
    /a lone surrogate stands in a string/,
  ],
  "a lone surrogate, raw": [bytes(`{${FINE},"x":"`, [0xed, 0xa0, 0x80], `"}`), /not valid UTF-8/],
  "a lone surrogate as the model": [`{"model":"${BACKSLASH}ud800",${MESSAGES}}`, /a lone surrogate/],
  "a lone surrogate in a key": [`{${FINE},"${BACKSLASH}ud800":1}`, /a lone surrogate/],
  "invalid UTF-8": [bytes(`{${FINE},"x":"`, [0xff, 0xfe], `"}`), /not valid UTF-8/],
  "an overlong spelling": [bytes(`{${FINE},"x":"`, [0xc0, 0xaf], `"}`), /not valid UTF-8/],
  "a character that breaks off": [bytes(`{${FINE},"x":"`, [0xe2, 0x82]), /not valid UTF-8/],
  "UTF-16": [
    Uint8Array.from(Buffer.from(`{${FINE}}`, "utf16le")),
    /expected a key in double quotes at byte 1/,
  ],
  "a byte order mark": [`\uFEFF{${FINE}}`, /expected a JSON object at byte 0/],
  "a raw NUL in a string": [`{${FINE},"x":"a\u0000b"}`, /a control character stands in a string/],
  "a NUL after the object": [`{${FINE}}\u0000`, /unexpected text after the JSON object/],
  "a raw line feed in a string": [`{${FINE},"x":"a\nb"}`, /a control character stands in a string/],
  "an unknown escape": [`{${FINE},"x":"${BACKSLASH}x41"}`, /an unknown escape stands in a string/],
  "half an escape": [`{${FINE},"x":"${BACKSLASH}u00"}`, /four hexadecimal digits/],
};

for (const [what, [body, says]] of Object.entries(REFUSED)) {
  test(`refuses ${what}, says where, and lives on`, async () => {
    await using pair = await startPair();
    await assertError(await post(pair, body), 400, "invalid_request", says);
    assert.equal(pair.engine.seen.length, 0);
    await assertAlive(pair);
  });
}

test("refuses a body of a million keys only where one comes twice", async () => {
  await using pair = await startPair();
  const keys = Array.from({ length: 1_000_000 }, (_, index) => `"k${index}":0`).join(",");
  const passed = await post(pair, `{${FINE},${keys}}`);
  assert.equal(passed.status, 200);
  assert.equal(pair.engine.lastBody, `{"model":"fine-up",${MESSAGES},${keys}}`);
  await assertError(
    await post(pair, `{${FINE},${keys},"k77":1}`),
    400,
    "invalid_request",
    /duplicate key "k77"/,
  );
  await assertAlive(pair);
});

test("refuses a compressed body and names the encoding", async () => {
  await using pair = await startPair();
  const bomb = Uint8Array.from(gzipSync(Buffer.alloc(50_000_000, 0x20)));
  for (const encoding of ["gzip", "br", "deflate", "gzip, gzip", "identity, gzip"]) {
    const response = await post(pair, bomb, { "content-encoding": encoding });
    await assertError(response, 400, "invalid_request", new RegExp(`encoded \\(${encoding}\\)`));
  }
  assert.equal((await post(pair, `{${FINE}}`, { "content-encoding": "identity" })).status, 200);
  await assertAlive(pair);
});

test("a body longer than the limit gets 413, announced or not", async () => {
  await using pair = await startPair();
  const body = `{${FINE},"x":"${"a".repeat(26 * 1024 * 1024)}"}`;
  await assertError(
    await post(pair, body),
    413,
    "payload_too_large",
    /more than the limit of 26214400 bytes/,
  );
  const unannounced = await fetch(`${pair.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${pair.gateway.key}` },
    body: new Blob([body]).stream(),
    duplex: "half",
  });
  await assertError(unannounced, 413, "payload_too_large", /than the limit of 26214400 bytes/);
  assert.equal(pair.engine.seen.length, 0);
  await assertAlive(pair);
});

test("the type that a body is given does not matter; what is no type at all is refused as the client's fault", async () => {
  await using pair = await startPair();
  for (const type of [
    "text/plain",
    "multipart/form-data; boundary=x",
    'application/json; charset="',
    "a/b",
  ]) {
    assert.equal((await post(pair, `{${FINE}}`, { "content-type": type })).status, 200, type);
  }
  for (const type of ["garbage", ";;;", "a/b/c", "\u00e9/\u00fc", ","]) {
    const response = await post(pair, `{${FINE}}`, { "content-type": type });
    assert.ok(response.status === 200 || response.status === 400, `${type} is answered ${response.status}`);
  }
  await assertAlive(pair);
});

test("a body without a content type is read as JSON", async () => {
  await using pair = await startPair();
  const response = await fetch(`${pair.gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${pair.gateway.key}` },
    body: new TextEncoder().encode(`{${FINE}}`),
  });
  assert.equal(response.status, 200);
  await assertAlive(pair);
});
