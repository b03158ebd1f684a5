import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { formatUsd, parseUsd } from "../core/money.ts";
import { parseConfig } from "./parse.ts";
import {
  addressLike,
  bytes,
  date,
  duration,
  listen,
  money,
  name,
  rate,
  secret,
  usdPerMillion,
} from "./values.ts";

test("an address is host and port, IPv6 in brackets", () => {
  assert.deepEqual(listen.parse("127.0.0.1:4141"), { host: "127.0.0.1", port: 4141 });
  assert.deepEqual(listen.parse("localhost:0"), { host: "localhost", port: 0 });
  assert.deepEqual(listen.parse("[::1]:65535"), { host: "::1", port: 65_535 });
  for (const text of [
    "",
    "4141",
    ":4141",
    "host",
    "host:",
    "host:65536",
    "::1:4141",
    "a b:1",
    "host:-1",
    "http://h:1",
  ]) {
    assert.equal(listen.safeParse(text).success, false, text);
  }
});

test("durations and sizes are resolved to milliseconds and bytes", () => {
  assert.equal(duration.parse("250ms"), 250);
  assert.equal(bytes.parse("25MiB"), 26_214_400);
  assert.equal(bytes.parse(1_000), 1_000);
  for (const text of ["-1s", "1", "1 s", ""]) assert.equal(duration.safeParse(text).success, false, text);
  for (const value of ["-1", "1 PB", -5, Number.NaN])
    assert.equal(bytes.safeParse(value).success, false, String(value));
});

test("a duration longer than a timer of Node holds is refused, because such a timer fires at once", () => {
  assert.equal(duration.safeParse("24d").success, true);
  assert.equal(duration.safeParse("25d").success, false);
});

test("a price is exact, whether it is written as a number or as text", () => {
  const amount = fc.integer({ min: 0, max: 10 ** 13 }).map((nano) => formatUsd(BigInt(nano) * 1_000n));
  fc.assert(
    fc.property(amount, (text) => {
      const price = `{ input: ${text}, output: "${text}" }`;
      const result = parseConfig(
        `providers: { s: { kind: simulator } }\ntargets: { t: { provider: s, model: m, tier: small, price: ${price} } }\n`,
        "x",
      );
      assert.ok(result.ok, text);
      const exact = parseUsd(text);
      assert.deepEqual(result.config.targets["t"]?.price, { input: exact, output: exact });
    }),
    { numRuns: 50 },
  );
});

test("a price that is no decimal of at most nine decimals is refused", () => {
  for (const value of [
    -1,
    "-1",
    "free",
    "1e-3",
    "0.0000000001",
    Number.POSITIVE_INFINITY,
    Number.NaN,
    "",
    " 1",
  ]) {
    assert.equal(usdPerMillion.safeParse(value).success, false, String(value));
  }
});

test("a very small price may be written as a number", () => {
  assert.deepEqual(usdPerMillion.safeParse(0.000_000_1), { success: true, data: 100n });
});

test("a number that lost digits on the way is refused as a price, not rounded", () => {
  // eslint and oxlint would be right about this literal, which is why it is read from text as YAML does.
  const written = "123456789.123456789";
  const read = usdPerMillion.safeParse(Number(written));
  assert.ok(!read.success || read.data === parseUsd(written), "a wrong price was taken");
});

test("a date is a day or an instant in UTC that exists", () => {
  assert.equal(date.parse("2026-01-01"), Date.UTC(2026, 0, 1));
  assert.equal(date.parse("2024-02-29"), Date.UTC(2024, 1, 29));
  assert.equal(date.parse("2026-01-01T12:30:00Z"), Date.UTC(2026, 0, 1, 12, 30));
  for (const text of [
    "",
    "2026-1-1",
    "01.02.2026",
    "2026-13-01",
    "2026-01-32",
    "2026-01-01T00:00:00",
    "2026-01-01T25:00:00Z",
  ]) {
    assert.equal(date.safeParse(text).success, false, text);
  }
});

test("a day that no month has is refused, not moved into the next", () => {
  for (const text of ["2026-02-29", "2026-02-30", "2026-04-31"])
    assert.equal(date.safeParse(text).success, false, text);
});

test("a name begins with a letter or digit and has no blanks", () => {
  for (const text of ["a", "7b", "support.answer", "eu.anthropic.claude:0", "a/b@c-d_e", "a".repeat(128)]) {
    assert.equal(name.safeParse(text).success, true, text);
  }
  for (const text of ["", ".a", "-a", "_a", "a b", "ä", "a*", "a".repeat(129), "a\n", "__proto__"]) {
    assert.equal(name.safeParse(text).success, false, text);
  }
});

test("a secret is a reference, never itself", () => {
  for (const text of ["env:A", "env:_a1", "file:/x", "file:a b"])
    assert.equal(secret.safeParse(text).success, true, text);
  for (const text of ["", "env:", "env:1A", "env:A-B", "file:", "sk-123", " env:A", "ENV:A"]) {
    assert.equal(secret.safeParse(text).success, false, text);
  }
});

test("an upstream's address is http or https and holds no password", () => {
  const address = addressLike("http://h");
  for (const text of ["http://h", "https://h:1/v1?x=y", "http://[::1]:8000"])
    assert.equal(address.safeParse(text).success, true, text);
  for (const text of [
    "",
    "h:80",
    "//h",
    "ftp://h",
    "http://",
    "file:///etc/passwd",
    "http://u@h",
    "http://u:p@h",
  ]) {
    assert.equal(address.safeParse(text).success, false, text);
  }
});

test("amounts carry their currency, rates their unit of time", () => {
  for (const text of ["500 USD", "0.5 USD"]) assert.equal(money.safeParse(text).success, true, text);
  for (const text of ["500", "500 EUR", "500USD", "-1 USD", "1.0000000001 USD"])
    assert.equal(money.safeParse(text).success, false, text);
  for (const text of ["100/min", "1/s", "5/sec", "2/hour", "9/day"])
    assert.equal(rate.safeParse(text).success, true, text);
  for (const text of ["100", "100/m", "1.5/s", "-1/s", "/s"])
    assert.equal(rate.safeParse(text).success, false, text);
});
