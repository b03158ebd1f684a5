import assert from "node:assert/strict";
import { hash } from "node:crypto";
import test from "node:test";
import { ConfigHistory, configLine } from "../../src/budget/ledger/config-history.ts";
import { countOf, emptied, onBothDatabases, type Subject } from "./support.ts";

const NOW = Date.UTC(2026, 10, 1, 12);

/** Addresses as people write them, each with the password `s3cret` or what comes of it. */
const ADDRESSES: readonly (readonly [what: string, address: string, secrets: readonly string[]])[] = [
  ["a plain one", "postgres://switchyard:s3cret@db.example.com:5432/ledger", ["s3cret"]],
  ["postgresql as its scheme", "postgresql://switchyard:s3cret@db/ledger", ["s3cret"]],
  ["percent escapes", "postgres://u:s3%40cret%2F@db/ledger", ["s3%40cret"]],
  ["no user", "postgres://:s3cret@db/ledger", ["s3cret"]],
  ["a colon in it", "postgres://u:s3:cret@db/ledger", ["s3", "cret"]],
  ["a slash in it", "postgres://u:s3/cret@db/ledger", ["s3/", "cret"]],
  ["an at sign in it", "postgres://u:s3@cret@db/ledger", ["s3", "cret"]],
  ["an apostrophe in it", "postgres://u:s3'cret@db/ledger", ["s3'", "cret"]],
  ["a blank in it", "postgres://u:s3 cret@db/ledger", ["s3 ", "cret"]],
  ["it among the parameters", "postgres://db/ledger?user=u&password=s3cret", ["s3cret"]],
  ["it among the parameters of a socket", "postgres:///ledger?host=/run&password=s3cret&user=u", ["s3cret"]],
];

function sha256(text: string): string {
  return hash("sha256", text, "hex");
}

function storageOf(address: string): string {
  return `# ours\nstorage:\n  database: ${address}\ntenants:\n  acme: {}\n`;
}

for (const [what, address, secrets] of ADDRESSES) {
  test(`the password of a database's address does not go into the history: ${what}`, () => {
    for (const quote of ["", '"', "'"]) {
      // A quote ends a text that is quoted so.
      if (quote !== "" && address.includes(quote)) continue;
      const text = storageOf(`${quote}${address}${quote}`);
      const line = configLine(sha256(text), NOW, text);
      for (const secret of secrets) assert.ok(!line.includes(secret), line);
      const [, , kept] = JSON.parse(line) as [string, number, string];
      assert.ok(
        kept.startsWith("# ours\nstorage:\n  database: ") && kept.endsWith("\ntenants:\n  acme: {}\n"),
      );
    }
  });
}

test("an address without a password stays as it is, and so does everything else", () => {
  for (const address of [
    "embedded",
    "env:DATABASE_URL",
    "postgres://db.example.com/ledger",
    "postgres://db.example.com:5432/ledger # ask ops@example.com",
    "postgres://switchyard@db.example.com/ledger?host=/var/run/postgresql",
  ]) {
    const text = `${storageOf(address)}# mail ops@example.com, postgres: ask ops@example.com\n`;
    assert.deepEqual(JSON.parse(configLine(sha256(text), NOW, text)), [sha256(text), NOW, text]);
  }
});

test("of two addresses in one text both lose their passwords, and what is between them stays", () => {
  const text = "a: postgres://u:one@db/x\nb: { mail: ops@example.com }\nc: postgres://u:two@db/y\n";
  const [, , kept] = JSON.parse(configLine(sha256(text), NOW, text)) as [string, number, string];
  assert.equal(kept, "a: postgres://u:***@db/x\nb: { mail: ops@example.com }\nc: postgres://u:***@db/y\n");
});

function cases({ name, database }: Subject): void {
  test(`${name}: the same text twice is one version, with its first and its last loading`, async () => {
    const store = await emptied(database);
    const text = storageOf("embedded");
    for (const at of [NOW, NOW + 5_000, NOW + 1_000])
      await store.bookConfig(configLine(sha256(text), at, text));
    const version = {
      hash: sha256(text),
      firstLoadedAt: new Date(NOW),
      lastLoadedAt: new Date(NOW + 5_000),
    };
    const history = new ConfigHistory(database);
    assert.deepEqual(await history.list(), [version]);
    assert.deepEqual(await history.find(version.hash), { ...version, text });
  });

  test(`${name}: in which order nodes book the same configuration says nothing about when it was first loaded`, async () => {
    const store = await emptied(database);
    const text = storageOf("embedded");
    for (const at of [NOW + 5_000, NOW]) await store.bookConfig(configLine(sha256(text), at, text));
    const [version] = await new ConfigHistory(database).list();
    assert.deepEqual(version?.firstLoadedAt, new Date(NOW));
    assert.deepEqual(version.lastLoadedAt, new Date(NOW + 5_000));
  });

  test(`${name}: a line booked again changes nothing`, async () => {
    const store = await emptied(database);
    const text = storageOf("embedded");
    const line = configLine(sha256(text), NOW, text);
    await store.bookConfig(line);
    const once = await new ConfigHistory(database).list();
    await store.bookConfig(line);
    assert.deepEqual(await new ConfigHistory(database).list(), once);
    assert.equal(await countOf(database, "config_version"), 1);
  });

  test(`${name}: versions are listed by their last loading, newest first`, async () => {
    const store = await emptied(database);
    const texts = ["a: 1\n", "b: 2\n", "c: 3\n"];
    for (const [index, text] of texts.entries())
      await store.bookConfig(configLine(sha256(text), NOW + index, text));
    // The first is put back.
    await store.bookConfig(configLine(sha256("a: 1\n"), NOW + 10, "a: 1\n"));
    const list = await new ConfigHistory(database).list();
    assert.deepEqual(
      list.map((version) => version.hash),
      ["a: 1\n", "c: 3\n", "b: 2\n"].map(sha256),
    );
  });

  test(`${name}: a version is found by its hash's beginning, and by none that fits several or is too short`, async () => {
    const store = await emptied(database);
    const one = `abcdef1${"0".repeat(57)}`;
    const two = `abcdef2${"0".repeat(57)}`;
    const other = `123456${"f".repeat(58)}`;
    for (const digest of [one, two, other]) await store.bookConfig(configLine(digest, NOW, `# ${digest}\n`));
    const history = new ConfigHistory(database);
    for (const [start, found] of [
      ["abcdef1", one],
      ["abcdef2", two],
      ["123456", other],
      [other, other],
      ["abcdef", undefined],
      ["12345", undefined],
      ["", undefined],
      ["99999999", undefined],
      ["ABCDEF1", undefined],
      ["abcdef1_", undefined],
      ["%%%%%%", undefined],
      [`${one}0`, undefined],
    ] as const) {
      const version = await history.find(start);
      assert.equal(version?.hash, found, `"${start}"`);
      if (found !== undefined) assert.equal(version?.text, `# ${found}\n`);
    }
  });

  test(`${name}: texts of every alphabet and of megabytes come back as they were`, async () => {
    const store = await emptied(database);
    for (const text of ["", "# 語 😀 \u2028 \\ \" '\r\n\t", `# ${"long ".repeat(500_000)}\n`]) {
      await store.bookConfig(configLine(sha256(text), NOW, text));
      assert.equal((await new ConfigHistory(database).find(sha256(text)))?.text, text);
    }
  });
}

await onBothDatabases(cases);
