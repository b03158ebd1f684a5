import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import test, { after, before } from "node:test";
import { DEMO_CONFIG } from "./demo.ts";
import { ConfigRefused, loadConfig } from "./load.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-load-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function file(text: string): Promise<string> {
  const place = path.join(folder, "switchyard.yaml");
  await writeFile(place, text);
  return place;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

test("without a file the demo is loaded", () => {
  const { config, hash } = loadConfig(undefined);
  assert.ok(Object.hasOwn(config.tenants, "demo"));
  assert.equal(hash, sha256(DEMO_CONFIG));
});

test("a configuration's hash is that of its text, so that nodes with the same file agree", async () => {
  const text = "tenants: { acme: {} }\n";
  assert.equal(loadConfig(await file(text)).hash, sha256(text));
  assert.notEqual(loadConfig(await file(`${text}# a comment\n`)).hash, sha256(text));
});

test("a faulty file is refused with all its faults", async () => {
  const place = await file("mod: enforce\ntask: {}\n");
  assert.throws(
    () => loadConfig(place),
    (error) => {
      assert.ok(error instanceof ConfigRefused);
      assert.equal(error.faults.length, 2);
      assert.ok(error.faults.every((line) => line.startsWith(`${place}:`)));
      assert.equal(error.message, error.faults.join("\n"));
      return true;
    },
  );
});

test("a file that is not there, no file, or far too long is an error that names it", async () => {
  assert.throws(() => loadConfig(path.join(folder, "none.yaml")), /none\.yaml/);
  assert.throws(() => loadConfig(folder));
  const long = await file(`# ${"x".repeat(5 * 1024 * 1024)}`);
  assert.throws(
    () => loadConfig(long),
    /switchyard\.yaml has \d+ bytes; a configuration has at most 5242880/,
  );
});
