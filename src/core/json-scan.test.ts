import assert from "node:assert/strict";
import test from "node:test";
import { JsonFault, MAX_DEPTH, memberValue, scanObject, scanTrusted } from "./json-scan.ts";

function faultOf(bytes: string | Buffer): JsonFault {
  try {
    scanObject(Buffer.from(bytes));
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
  throw new Error(`${String(bytes)} was taken`);
}

test("members are byte ranges, also after characters of several bytes", () => {
  const bytes = Buffer.from('{ "é" : "ü" , "b":[1, 2] }');
  const members = scanObject(bytes);
  assert.deepEqual(
    members.map(({ key, keyStart, start, end }) => [key, keyStart, start, end]),
    [
      ["é", 2, 9, 13],
      ["b", 16, 20, 26],
    ],
  );
  assert.deepEqual(
    members.map((member) => memberValue(bytes, member)),
    ["ü", [1, 2]],
  );
});

test("an empty object has no members, with and without blanks inside", () => {
  for (const text of ["{}", " {\n} ", "{\t\r\n }"]) assert.deepEqual(scanObject(Buffer.from(text)), []);
});

test("a key's escapes are resolved", () => {
  const keys = scanObject(Buffer.from('{"\\u006dodel":1,"a\\/b\\n\\"":2,"\\ud83d\\uDE00":3}')).map(
    ({ key }) => key,
  );
  assert.deepEqual(keys, ["model", 'a/b\n"', "😀"]);
});

const FAULTS: readonly (readonly [text: string, message: string])[] = [
  ["", "expected a JSON object at byte 0"],
  ["  [1]", "expected a JSON object at byte 2"],
  ['\ufeff{"a":1}', "expected a JSON object at byte 0"],
  ['{"a":1} x', "unexpected text after the JSON object at byte 8"],
  ['{"a":1', 'expected "," or "}" in an object at byte 6'],
  ['{"a":', "the JSON ends too early at byte 5"],
  ['{"a"', 'expected ":" after a key at byte 4'],
  ['{"a":1,}', "expected a key in double quotes at byte 7"],
  ["{a:1}", "expected a key in double quotes at byte 1"],
  ['{"a":[1,]}', "expected a JSON value at byte 8"],
  ['{"a":[1 2]}', 'expected "," or "]" in an array at byte 8'],
  ['{"a":tru}', "expected a JSON value at byte 5"],
  ['{"a":01}', 'expected "," or "}" in an object at byte 6'],
  ['{"a":+1}', "expected a JSON value at byte 5"],
  ['{"a":-}', "a number lacks a digit at byte 6"],
  ['{"a":1.}', "a number lacks a digit at byte 7"],
  ['{"a":1e+}', "a number lacks a digit at byte 8"],
  ['{"a":NaN}', "expected a JSON value at byte 5"],
  ['{"a":"b', "a string has no end at byte 7"],
  ['{"é":"b\n"}', "a control character stands in a string; write it as an escape at byte 8"],
  ['{"a":"\\x"}', "an unknown escape stands in a string at byte 6"],
  ['{"a":"\\u12g4"}', "\\u wants four hexadecimal digits at byte 6"],
  ['{"a":"\\ud800"}', "a lone surrogate stands in a string; it is no character at byte 6"],
  ['{"a":"\\ude00\\ud83d"}', "a lone surrogate stands in a string; it is no character at byte 6"],
  ['{"a":"\\ud83d\\u0041"}', "a lone surrogate stands in a string; it is no character at byte 6"],
  ['{"a":1,"a":2}', 'duplicate key "a" at byte 7'],
  ['{"é":1,"b":{"c":1, "c":2}}', 'duplicate key "c" at byte 20'],
  ['{"b":[{"c":1},{"c":1,"c":1}]}', 'duplicate key "c" at byte 21'],
];

for (const [text, message] of FAULTS) {
  test(`${JSON.stringify(text)} is refused: ${message}`, () => {
    const fault = faultOf(text);
    assert.equal(fault.message, message);
    assert.equal(message.endsWith(` at byte ${fault.offset}`), true);
  });
}

test("bytes that are no UTF-8 are refused, also where they look like a surrogate", () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
    const text = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
    assert.match(faultOf(text).message, /not valid UTF-8/);
  }
});

test("a duplicate is found however its key is spelt, first or second", () => {
  assert.match(faultOf('{"model":1,"\\u006dodel":2}').message, /duplicate key/);
  assert.match(faultOf('{"\\u006dodel":1,"model":2}').message, /duplicate key/);
  assert.match(faultOf('{"\\u006Dodel":1,"\\u006dodel":2}').message, /duplicate key/);
  assert.match(faultOf('{"a":1,"b\\n":2,"a":3}').message, /duplicate key "a" at byte 15/);
});

test("a duplicate is found among few and among many keys, wherever the first stands", () => {
  for (const count of [2, 15, 16, 17, 18, 40, 1_000]) {
    for (const first of [0, 1, Math.floor(count / 2), count - 2]) {
      const keys = Array.from({ length: count }, (_, index) => `"k${index}":${index}`);
      assert.equal(scanObject(Buffer.from(`{${keys.join(",")}}`)).length, count);
      for (const again of [`"k${first}":0`, `"\\u006b${first}":0`]) {
        const text = `{${keys.join(",")},${again}}`;
        assert.equal(faultOf(text).offset, text.lastIndexOf(again), text.slice(-40));
      }
    }
  }
});

test("the same key may stand in different objects, also inside each other", () => {
  const nested = '{"a":{"a":{"a":[{"a":1},{"a":1}]},"b":1},"b":{"a":1}}';
  assert.deepEqual(
    scanObject(Buffer.from(nested)).map(({ key }) => key),
    ["a", "b"],
  );
});

test("keys that only begin alike are no duplicates", () => {
  assert.equal(scanObject(Buffer.from('{"max":1,"max_":2,"maxi":3,"":4}')).length, 4);
});

test("an object with many keys remembers them after an inner object with many keys", () => {
  const many = Array.from({ length: 20 }, (_, index) => `"k${index}":0`).join(",");
  assert.match(faultOf(`{${many},"inner":{${many}},"k19":1}`).message, /duplicate key "k19"/);
  assert.match(faultOf(`{"a":1,"inner":{${many}},"a":1}`).message, /duplicate key "a"/);
});

test(`objects and lists together may be nested ${MAX_DEPTH} levels deep and no deeper`, () => {
  const lists = (count: number): string => `{"a":${"[".repeat(count)}${"]".repeat(count)}}`;
  const objects = (count: number): string => `${'{"a":'.repeat(count)}1${"}".repeat(count)}`;
  assert.equal(scanObject(Buffer.from(lists(MAX_DEPTH - 1))).length, 1);
  assert.equal(scanObject(Buffer.from(objects(MAX_DEPTH))).length, 1);
  assert.equal(
    faultOf(lists(MAX_DEPTH)).message,
    `nested deeper than ${MAX_DEPTH} levels at byte ${4 + MAX_DEPTH}`,
  );
  assert.match(faultOf(objects(MAX_DEPTH + 1)).message, /nested deeper/);
  assert.match(faultOf("[".repeat(1_000_000)).message, /expected a JSON object/);
  assert.match(faultOf(lists(1_000_000)).message, /nested deeper/);
});

test("depth is counted by what is open, not by what was", () => {
  const wide = `{"a":[${Array.from({ length: 1_000 }, () => "[{}]").join(",")}]}`;
  assert.equal(scanObject(Buffer.from(wide)).length, 1);
});

test("trusted text may repeat keys, and is checked for everything else but its encoding", () => {
  assert.deepEqual(
    scanTrusted(Buffer.from('{"a":1,"a":2}')).map(({ key }) => key),
    ["a", "a"],
  );
  assert.throws(() => scanTrusted(Buffer.from('{"a":1')), JsonFault);
  assert.throws(() => scanTrusted(Buffer.from("[]")), JsonFault);
});
