import assert from "node:assert/strict";
import test from "node:test";
import { AppError, type ErrorCode } from "../core/errors.ts";
import { KeyRing } from "./key-ring.ts";
import { keyDigest, keyPrefix, newKey, type KeyRecord } from "./key.ts";

const PEPPER = Buffer.alloc(32, 1);
const NOW = Date.UTC(2026, 0, 1);

function recordOf(key: string, changes: Partial<KeyRecord> = {}): KeyRecord {
  return {
    id: "id-of-key",
    prefix: keyPrefix(key) ?? "",
    digest: keyDigest(key, PEPPER),
    tenant: "acme",
    name: undefined,
    rights: { defaults: {}, pinned: {}, tasks: undefined, actFor: [], metadataWords: false, aws: false },
    createdAtMs: 0,
    expiresAtMs: undefined,
    revokedAtMs: undefined,
    ...changes,
  };
}

function ringOf(...records: readonly KeyRecord[]): KeyRing {
  const ring = new KeyRing(PEPPER);
  ring.put(records);
  return ring;
}

function refuses(ring: KeyRing, key: string, code: ErrorCode, nowMs = NOW): AppError {
  try {
    ring.authenticate(key, nowMs);
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, code);
    assert.equal(error.message.includes(key) && key.length > 0, false, "the message repeats the key");
    return error;
  }
  throw new Error("the key was taken");
}

test("a key that was issued is known by its record, each time", () => {
  const key = newKey();
  const record = recordOf(key);
  const ring = ringOf(recordOf(newKey()), record);
  assert.equal(ring.authenticate(key, NOW), record);
  assert.equal(ring.authenticate(key, NOW + 1), record);
});

test("a key that was not issued, or is no key at all, is unauthenticated", () => {
  const key = newKey();
  const ring = ringOf(recordOf(key));
  for (const other of [
    newKey(),
    "",
    "sy-",
    key.slice(0, 11),
    key.slice(0, -1),
    `${key}0`,
    ` ${key}`,
    "x".repeat(43),
  ]) {
    refuses(ring, other, "unauthenticated");
  }
  refuses(ringOf(), key, "unauthenticated");
});

test("a key that shares only its first characters with an issued one is unauthenticated, before and after the real one", () => {
  const key = newKey();
  const last = key.endsWith("a") ? "b" : "a";
  const forged = key.slice(0, -1) + last;
  assert.equal(keyPrefix(forged), keyPrefix(key));
  const ring = ringOf(recordOf(key));
  refuses(ring, forged, "unauthenticated");
  ring.authenticate(key, NOW);
  refuses(ring, forged, "unauthenticated");
});

test("a key hashed under another pepper is unauthenticated", () => {
  const key = newKey();
  refuses(ringOf(recordOf(key, { digest: keyDigest(key, Buffer.alloc(32, 2)) })), key, "unauthenticated");
});

test("a revoked key is told so with the time, and stays so when it has expired too", () => {
  const key = newKey();
  const error = refuses(
    ringOf(recordOf(key, { revokedAtMs: NOW - 5, expiresAtMs: NOW - 9 })),
    key,
    "key_revoked",
  );
  assert.match(error.message, /was revoked at 2025-12-31T23:59:59\.995Z/);
  assert.ok(error.message.includes(key.slice(0, 11)));
});

test("a forged key does not learn that the one it resembles is revoked or expired", () => {
  const key = newKey();
  const forged = key.slice(0, -1) + (key.endsWith("a") ? "b" : "a");
  refuses(ringOf(recordOf(key, { revokedAtMs: 1 })), forged, "unauthenticated");
  refuses(ringOf(recordOf(key, { expiresAtMs: 1 })), forged, "unauthenticated");
});

test("a key expires at its instant, also when it was used before", () => {
  const key = newKey();
  const ring = ringOf(recordOf(key, { expiresAtMs: NOW }));
  assert.equal(ring.authenticate(key, NOW - 1).expiresAtMs, NOW);
  assert.match(refuses(ring, key, "key_expired", NOW).message, /expired at 2026-01-01T00:00:00\.000Z/);
  refuses(ring, key, "key_expired", NOW + 1);
});

test("a record put later holds from then on, also for a key that was used before", () => {
  const key = newKey();
  const ring = ringOf(recordOf(key));
  ring.authenticate(key, NOW);
  ring.put([recordOf(key, { revokedAtMs: NOW })]);
  refuses(ring, key, "key_revoked");
  ring.put([recordOf(key, { tenant: "globex" })]);
  assert.equal(ring.authenticate(key, NOW).tenant, "globex");
});
