import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { newId } from "./ids.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const LATEST = 2 ** 48 - 1;

test("an id is a UUID of version 7 that begins with the time", () => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(10), fc.integer({ min: 0, max: LATEST })), (nowMs) => {
      const id = newId(nowMs);
      assert.match(id, UUID_V7);
      assert.equal(Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16), nowMs);
    }),
  );
});

test("ids sort as text by the time they were made at", () => {
  const instant = fc.integer({ min: 0, max: LATEST });
  fc.assert(
    fc.property(fc.uniqueArray(instant, { maxLength: 30 }), (times) => {
      const byTime = times.toSorted((a, b) => a - b).map((time) => newId(time));
      assert.deepEqual(byTime.toSorted(), byTime);
    }),
  );
});

test("a hundred thousand ids of one millisecond are all different", () => {
  const ids = new Set(Array.from({ length: 100_000 }, () => newId(1_764_000_000_000)));
  assert.equal(ids.size, 100_000);
});

test("every random bit of an id is sometimes 0 and sometimes 1", () => {
  let ones = 0n;
  let zeros = 0n;
  const all = 2n ** 128n - 1n;
  for (let round = 0; round < 2_000; round++) {
    const bits = BigInt(`0x${newId(0).replaceAll("-", "")}`);
    ones |= bits;
    zeros |= all ^ bits;
  }
  const version = 0xf000n << 64n;
  const variant = 0xcn << 60n;
  const time = (2n ** 48n - 1n) << 80n;
  const random = all ^ time ^ version ^ variant;
  assert.equal(ones & random, random);
  assert.equal(zeros & random, random);
});
