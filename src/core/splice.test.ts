import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { scanObject } from "./json-scan.ts";
import { applySplices, editObject, type MemberEdits } from "./splice.ts";

function edit(text: string, edits: readonly (readonly [string, string | undefined])[]): string {
  const bytes = Buffer.from(text);
  const inside = bytes.indexOf("{") + 1;
  return applySplices(bytes, editObject(scanObject(bytes), inside, new Map(edits))).toString();
}

const CASES: readonly (readonly [
  rule: string,
  text: string,
  edits: [string, string | undefined][],
  result: string,
])[] = [
  ["no edit leaves the bytes alone", '{ "a" : 1 }', [], '{ "a" : 1 }'],
  ["a value is replaced where it stands", '{ "a" : 1 , "b":2}', [["a", "[0]"]], '{ "a" : [0] , "b":2}'],
  ["a new member is put first", '{ "a":1 }', [["n", "9"]], '{ "n":9,"a":1 }'],
  [
    "new members keep the order of the edits",
    '{"a":1}',
    [
      ["x", "1"],
      ["y", "2"],
    ],
    '{"x":1,"y":2,"a":1}',
  ],
  ["a new member goes into an empty object", "{}", [["n", "9"]], '{"n":9}'],
  ["a new member goes into an empty object with blanks", " { \n } ", [["n", "9"]], ' {"n":9 \n } '],
  ["a new key is escaped", "{}", [['a"b', "1"]], '{"a\\"b":1}'],
  ["the first goes with the comma after it", '{ "a":1 , "b":2 }', [["a", undefined]], '{ "b":2 }'],
  ["the last goes with the comma before it", '{ "a":1 , "b":2 }', [["b", undefined]], '{ "a":1 }'],
  ["one in the middle goes with one comma", '{"a":1, "b":2, "c":3}', [["b", undefined]], '{"a":1, "c":3}'],
  [
    "all go and blanks stay",
    '{ "a":1,"b":2 }',
    [
      ["a", undefined],
      ["b", undefined],
    ],
    "{  }",
  ],
  ["the only one goes", '{"a":1}', [["a", undefined]], "{}"],
  ["what is not there is not taken out", '{"a":1}', [["z", undefined]], '{"a":1}'],
  ["what is not there is not taken out of nothing", "{}", [["z", undefined]], "{}"],
  [
    "all are replaced by a new one",
    '{ "a":1,"b":2 }',
    [
      ["a", undefined],
      ["b", undefined],
      ["n", "9"],
    ],
    '{ "n":9 }',
  ],
  [
    "the first is replaced by a new one",
    '{"a":1,"b":2}',
    [
      ["a", undefined],
      ["n", "9"],
    ],
    '{"n":9,"b":2}',
  ],
  [
    "the first two go",
    '{"a":1,"b":2,"c":3}',
    [
      ["a", undefined],
      ["b", undefined],
    ],
    '{"c":3}',
  ],
  [
    "the last two go",
    '{"a":1,"b":2,"c":3}',
    [
      ["b", undefined],
      ["c", undefined],
    ],
    '{"a":1}',
  ],
  [
    "first and last go",
    '{"a":1,"b":2,"c":3}',
    [
      ["a", undefined],
      ["c", undefined],
    ],
    '{"b":2}',
  ],
  [
    "the last goes and the one before it is edited",
    '{"a":1,"b":2}',
    [
      ["a", "7"],
      ["b", undefined],
    ],
    '{"a":7}',
  ],
  ["a member is found by what its key says", '{"\\u0061":1}', [["a", "2"]], '{"\\u0061":2}'],
];

for (const [rule, text, edits, result] of CASES) {
  test(`${rule}: ${JSON.stringify(text)} becomes ${result}`, () => assert.equal(edit(text, edits), result));
}

const name = fc.oneof(
  fc.constantFrom("a", "b", "c", "d", "é", "", "__proto__", "1"),
  fc.string({ maxLength: 4 }),
);
const blank = fc.constantFrom("", " ", "\n  ", "\t");
const valueText = fc.oneof(
  fc.jsonValue({ maxDepth: 2, noUnicodeString: false }).map((value) => JSON.stringify(value)),
  fc.constantFrom("12345678901234567890", '"\\u0041"', "[ 1 , 2 ]", "1.0", "{ }"),
);
const member = fc.record({ name, value: valueText, blanks: fc.tuple(blank, blank, blank, blank) });
const members = fc.uniqueArray(member, { selector: (one) => one.name, maxLength: 7 });
const someEdits = fc
  .uniqueArray(fc.tuple(name, fc.option(valueText, { nil: undefined })), {
    selector: ([key]) => key,
    maxLength: 6,
  })
  .map((entries): MemberEdits => new Map(entries));

type Member = typeof member extends fc.Arbitrary<infer One> ? One : never;

function spell(one: Member): string {
  const [before, afterKey, beforeValue, after] = one.blanks;
  return `${before}${JSON.stringify(one.name)}${afterKey}:${beforeValue}${one.value}${after}`;
}

test("after any edits of any object the result says what was wanted, in order, and the rest is the same to the byte", () => {
  fc.assert(
    fc.property(members, someEdits, fc.constantFrom("", " ", "\n"), (given, edits, lead) => {
      const bytes = Buffer.from(`${lead}{${given.map(spell).join(",")}}`);
      const inside = lead.length + 1;
      const result = applySplices(bytes, editObject(scanObject(bytes), inside, edits));
      const kept = given.filter((one) => !edits.has(one.name) || edits.get(one.name) !== undefined);
      const added = [...edits].flatMap(([key, value]) =>
        value === undefined || given.some((one) => one.name === key) ? [] : [[key, value] as const],
      );
      const found = scanObject(result).map((one) => [one.key, result.toString("utf8", one.start, one.end)]);
      assert.deepEqual(found, [
        ...added,
        ...kept.map((one) => [one.name, edits.get(one.name) ?? one.value] as const),
      ]);
      // What nobody asked for keeps its bytes, from its key to its value.
      for (const one of kept.filter(({ name: key }) => !edits.has(key))) {
        assert.ok(result.includes(spell(one).trim()), `${spell(one)} is not in ${result.toString()}`);
      }
      assert.ok(result.toString().startsWith(`${lead}{`));
      assert.equal(result.at(-1), "}".charCodeAt(0));
    }),
    { numRuns: 500 },
  );
});

test("splices are made in any order of the list, and what lies between them stays", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.string({ maxLength: 5 })), { maxLength: 6 }),
      fc.infiniteStream(fc.nat(100)),
      (raw, pieces, order) => {
        const bytes = Buffer.from(raw);
        const splices: { start: number; end: number; text: string }[] = [];
        let expected = Buffer.alloc(0);
        let at = 0;
        for (const [gap, width, text] of pieces) {
          // A gap of one at least, because two insertions at one place have no order of their own.
          const start = Math.min(at + gap + 1, bytes.length);
          const end = Math.min(start + width, bytes.length);
          if (start <= at && splices.length > 0) break;
          expected = Buffer.concat([expected, bytes.subarray(at, start), Buffer.from(text)]);
          splices.push({ start, end, text });
          at = end;
        }
        expected = Buffer.concat([expected, bytes.subarray(at)]);
        const shuffled = splices
          .map((splice) => ({ splice, rank: order.next().value as number }))
          .toSorted((a, b) => a.rank - b.rank)
          .map(({ splice }) => splice);
        assert.deepEqual(applySplices(bytes, shuffled), expected);
      },
    ),
    { numRuns: 300 },
  );
});

test("no splice gives the same bytes, not a copy", () => {
  const bytes = Buffer.from("abc");
  assert.equal(applySplices(bytes, []), bytes);
});

test("splices that overlap are refused", () => {
  const bytes = Buffer.from("abcdef");
  const overlapping = [
    { start: 2, end: 4, text: "x" },
    { start: 3, end: 5, text: "y" },
  ];
  assert.throws(() => applySplices(bytes, overlapping), new RangeError("splices overlap at byte 3"));
});

test("the length of a splice is counted in bytes, not in characters", () => {
  const result = applySplices(Buffer.from("aXb"), [{ start: 1, end: 2, text: "é😀" }]);
  assert.equal(result.toString(), "aé😀b");
});
