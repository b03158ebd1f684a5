import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { parseBytes, parseDuration } from "./quantity.ts";

test("a duration is a number and a unit, in milliseconds", () => {
  assert.equal(parseDuration("250ms"), 250);
  assert.equal(parseDuration("2s"), 2_000);
  assert.equal(parseDuration("1.5s"), 1_500);
  assert.equal(parseDuration("15m"), 900_000);
  assert.equal(parseDuration("24h"), 86_400_000);
  assert.equal(parseDuration("30d"), 2_592_000_000);
  assert.equal(parseDuration("0s"), 0);
});

for (const text of [
  "",
  "5",
  "s",
  "5 s",
  " 5s",
  "5s ",
  "-5s",
  "+5s",
  "5S",
  "5min",
  "5w",
  "1e3s",
  ".5s",
  "5.s",
  "5s5s",
  "5s\n",
]) {
  test(`${JSON.stringify(text)} is no duration`, () => assert.equal(parseDuration(text), undefined));
}

test("a size is a number with or without a unit, in bytes", () => {
  assert.equal(parseBytes("1000"), 1_000);
  assert.equal(parseBytes("0"), 0);
  assert.equal(parseBytes("10B"), 10);
  assert.equal(parseBytes("512 kB"), 512_000);
  assert.equal(parseBytes("2MB"), 2_000_000);
  assert.equal(parseBytes("1GB"), 1_000_000_000);
  assert.equal(parseBytes("4KiB"), 4_096);
  assert.equal(parseBytes("25MiB"), 26_214_400);
  assert.equal(parseBytes("1.5GiB"), 1_610_612_736);
});

for (const text of ["", "MiB", "-1", "1e3", "1Mb", "1mib", "1 MiB extra", "1  MiB", ".5MB", "1.MB", "٣MB"]) {
  test(`${JSON.stringify(text)} is no size`, () => assert.equal(parseBytes(text), undefined));
}

test("a blank may stand only between a size's number and its unit", () => {
  for (const text of ["2 5MiB", "1 000", "25M iB"]) assert.equal(parseBytes(text), undefined, text);
});

test("whole numbers of a unit are exact", () => {
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
  fc.assert(
    fc.property(fc.nat(100_000), fc.constantFrom("ms", "s", "m", "h", "d"), (count, unit) => {
      assert.equal(parseDuration(`${count}${unit}`), count * units[unit]);
    }),
  );
  const sizes = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.constantFrom("B", "kB", "MB", "GB", "KiB", "MiB", "GiB"),
      (count, unit) => {
        assert.equal(parseBytes(`${count}${unit}`), count * sizes[unit]);
        assert.equal(parseBytes(`${count} ${unit}`), count * sizes[unit]);
      },
    ),
  );
});

test("whatever is read is a whole number that is not negative", () => {
  const near = fc.string({ unit: fc.constantFrom(...Array.from("0123456789.smhdkKMGiB ")), maxLength: 12 });
  fc.assert(
    fc.property(near, (text) => {
      for (const value of [parseDuration(text), parseBytes(text)]) {
        assert.ok(value === undefined || (Number.isInteger(value) && value >= 0), `${text} is ${value}`);
      }
    }),
    { numRuns: 500 },
  );
});

test("a number too long to be held exactly is not read", () => {
  const digits = "9".repeat(400);
  assert.equal(parseDuration(`${digits}d`), undefined);
  assert.equal(parseBytes(digits), undefined);
});
