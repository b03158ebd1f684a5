import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { JsonFault, MAX_DEPTH, memberValue, scanObject, scanTrusted } from "./json-scan.ts";

/** A JSON value together with how it is spelt, so that `__proto__` and the order of keys survive. */
type Tree =
  | { readonly kind: "leaf"; readonly value: string | number | boolean | null }
  | { readonly kind: "array"; readonly items: readonly Tree[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Tree])[] };
type ObjectTree = Extract<Tree, { kind: "object" }>;

const text = fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.string({ maxLength: 12 }));
const key = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "toString", "1", "model", ""));
const number = fc.double({ noNaN: true, noDefaultInfinity: true });

const { object: anyObject } = fc.letrec<{ value: Tree; object: ObjectTree }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc
      .oneof(text, number, fc.boolean(), fc.constant(null))
      .map((value) => ({ kind: "leaf", value }) satisfies Tree as Tree),
    fc
      .array(tie("value"), { maxLength: 4 })
      .map((items) => ({ kind: "array", items }) satisfies Tree as Tree),
    tie("object"),
  ),
  object: fc
    .uniqueArray(fc.tuple(key, tie("value")), { maxLength: 24, selector: ([name]) => name })
    .map((members) => ({ kind: "object", members }) satisfies ObjectTree),
}));

/** Small numbers from a seed: how one tree is spelt. */
function spellings(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function write(tree: Tree, pick: (below: number) => number): string {
  const space = (): string => Array.from({ length: pick(3) }, () => " \t\r\n"[pick(4)]).join("");
  const around = (inner: string): string => `${space()}${inner}${space()}`;
  switch (tree.kind) {
    case "leaf":
      return typeof tree.value === "string" ? writeText(tree.value, pick) : writeOther(tree.value, pick);
    case "array":
      return `[${tree.items.map((item) => around(write(item, pick))).join(",") || space()}]`;
    case "object": {
      const members = tree.members.map(
        ([name, value]) => `${around(writeText(name, pick))}:${around(write(value, pick))}`,
      );
      return `{${members.join(",") || space()}}`;
    }
  }
}

function writeText(value: string, pick: (below: number) => number): string {
  const units = Array.from({ length: value.length }, (_, index) => value.charCodeAt(index));
  const hex = (unit: number): string => {
    const digits = unit.toString(16).padStart(4, "0");
    return `\\u${pick(2) === 0 ? digits : digits.toUpperCase()}`;
  };
  let spelt = "";
  for (let index = 0; index < units.length; index++) {
    const unit = units[index] as number;
    const isPair = unit >= 0xd800 && unit < 0xdc00;
    const raw = value.slice(index, isPair ? index + 2 : index + 1);
    const mayStandRaw = unit >= 0x20 && raw !== '"' && raw !== "\\";
    if (mayStandRaw && pick(3) > 0) spelt += raw;
    else if (isPair) spelt += hex(unit) + hex(units[index + 1] as number);
    else spelt += pick(2) === 0 && !mayStandRaw ? JSON.stringify(raw).slice(1, -1) : hex(unit);
    if (isPair) index++;
  }
  return `"${spelt}"`;
}

function writeOther(value: number | boolean | null, pick: (below: number) => number): string {
  if (typeof value !== "number") return String(value);
  return pick(4) === 0
    ? value.toExponential().replace("e", pick(2) === 0 ? "e" : "E")
    : JSON.stringify(value);
}

const spelt = fc
  .tuple(anyObject, fc.nat())
  .map(([tree, seed]) => ({ tree, text: `\n ${write(tree, spellings(seed))}\t` }));

/** What `JSON.parse` and a walk over tokens say about bytes, without any of the scanner's code. */
function oracleAccepts(bytes: Buffer): boolean {
  let source: string;
  let value: unknown;
  try {
    source = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(source);
  } catch {
    return false;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const open: { readonly keys: Set<string> | undefined; wantsKey: boolean }[] = [];
  for (const [token] of source.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/gs)) {
    const inner = open.at(-1);
    if (token === "{") open.push({ keys: new Set(), wantsKey: true });
    else if (token === "[") open.push({ keys: undefined, wantsKey: false });
    else if (token === "}" || token === "]") open.pop();
    else if (token === ",") {
      if (inner?.keys !== undefined) inner.wantsKey = true;
    } else if (token !== ":") {
      const said = JSON.parse(token) as string;
      if (!said.isWellFormed()) return false;
      if (inner?.wantsKey === true) {
        if (inner.keys?.has(said) === true) return false;
        inner.keys?.add(said);
        inner.wantsKey = false;
      }
    }
    if (open.length > MAX_DEPTH) return false;
  }
  return true;
}

function scannerAccepts(bytes: Buffer): boolean {
  try {
    scanObject(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof JsonFault, String(error));
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, error.message);
    return false;
  }
}

test("every object is taken however it is spelt, and each member's range holds what JSON.parse reads", () => {
  fc.assert(
    fc.property(spelt, ({ tree, text: source }) => {
      const bytes = Buffer.from(source);
      const whole = JSON.parse(source) as Record<string, unknown>;
      const members = scanObject(bytes);
      assert.deepEqual(
        members.map((member) => member.key),
        tree.members.map(([name]) => name),
      );
      for (const member of members) {
        assert.deepEqual(
          memberValue(bytes, member),
          Object.getOwnPropertyDescriptor(whole, member.key)?.value,
        );
        assert.equal(bytes[member.keyStart], '"'.charCodeAt(0));
        assert.match(bytes.toString("utf8", member.start, member.end), /^[^ \t\r\n](?:.*[^ \t\r\n])?$/s);
      }
      assert.deepEqual(scanTrusted(bytes), members);
      assert.ok(oracleAccepts(bytes));
    }),
    { numRuns: 150 },
  );
});

const mutation = fc.record({
  kind: fc.constantFrom("flip", "cut", "insert", "remove", "repeat"),
  at: fc.nat(),
  length: fc.integer({ min: 1, max: 12 }),
  bytes: fc.oneof(
    fc
      .constantFrom(
        ...['"', "\\", "{", "}", "[", "]", ",", ":", "0", "-", "\\u", "\\ud800", "\\udc00", '"a":1,'],
      )
      .map((piece) => Buffer.from(piece)),
    fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
  ),
});

function mutate(
  bytes: Buffer,
  mutations: readonly (typeof mutation extends fc.Arbitrary<infer One> ? One : never)[],
): Buffer {
  let result = bytes;
  for (const { kind, at, length, bytes: piece } of mutations) {
    const place = at % (result.length + 1);
    const head = result.subarray(0, place);
    const tail = result.subarray(place);
    if (kind === "cut") result = head;
    else if (kind === "insert") result = Buffer.concat([head, piece, tail]);
    else if (kind === "remove") result = Buffer.concat([head, tail.subarray(length)]);
    else if (kind === "repeat") result = Buffer.concat([head, tail.subarray(0, length), tail]);
    else {
      result = Buffer.from(result);
      if (place < result.length) result[place] = (result[place] as number) ^ (1 << (length % 8));
    }
  }
  return result;
}

test("of bytes that were tampered with, exactly those are taken that are one strict object", () => {
  fc.assert(
    fc.property(spelt, fc.array(mutation, { minLength: 1, maxLength: 4 }), ({ text: source }, mutations) => {
      const bytes = mutate(Buffer.from(source), mutations);
      assert.equal(scannerAccepts(bytes), oracleAccepts(bytes), JSON.stringify(bytes.toString("latin1")));
    }),
    { numRuns: 1_000 },
  );
});

test("of arbitrary JSON-like text, exactly that is taken that is one strict object", () => {
  const piece = fc.constantFrom(
    ...[
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"a"',
      '"b"',
      '"\\u0061"',
      '"\\ud800"',
      '"\\ud83d\\ude00"',
      " ",
      "0",
      "01",
      "-",
      "1.",
      "1e5",
      ".5",
    ],
    ...[
      "true",
      "nul",
      "null",
      '"',
      "\\",
      "\u0001",
      '{"a":1}',
      '{"a":1,"a":2}',
      '{"a":1,"\\u0061":2}',
      "\ufeff",
      "é",
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const bytes = Buffer.from(`{"x":${pieces.join("")}}`);
      assert.equal(scannerAccepts(bytes), oracleAccepts(bytes), JSON.stringify(bytes.toString()));
    }),
    { numRuns: 3_000 },
  );
});
