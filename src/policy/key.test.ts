import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test from "node:test";
import { keyDigest, keyPrefix, newKey } from "./key.ts";

test("a key is sy- and 40 letters and digits, and no two are alike", () => {
  const keys = Array.from({ length: 2_000 }, newKey);
  for (const key of keys) assert.match(key, /^sy-[0-9A-Za-z]{40}$/);
  assert.equal(new Set(keys).size, keys.length);
});

test("every character of the alphabet is used at every place", () => {
  const seen = Array.from({ length: 40 }, () => new Set<string>());
  for (let round = 0; round < 3_000; round++) {
    const key = newKey();
    for (const [place, characters] of seen.entries()) characters.add(key[place + 3] ?? "");
  }
  for (const characters of seen) assert.equal(characters.size, 62);
});

test("a key is looked up by sy- and its first eight characters", () => {
  const key = newKey();
  assert.equal(keyPrefix(key), key.slice(0, 11));
});

test("text that has not a key's form has no prefix to be looked up by", () => {
  const key = newKey();
  for (const text of [
    "",
    "sy-",
    key.slice(0, -1),
    `${key}x`,
    ` ${key.slice(1)}`,
    key.replace("sy-", "sk-"),
    key.toUpperCase(),
  ]) {
    assert.equal(keyPrefix(text), undefined, text);
  }
});

test("a key's digest is its HMAC-SHA256 under the pepper", () => {
  const pepper = Buffer.alloc(32, 7);
  const key = newKey();
  assert.deepEqual(keyDigest(key, pepper), createHmac("sha256", pepper).update(key).digest());
  assert.notDeepEqual(keyDigest(key, pepper), keyDigest(key, Buffer.alloc(32, 8)));
  assert.notDeepEqual(keyDigest(key, pepper), keyDigest(newKey(), pepper));
});
