import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { until } from "../support/gateway.ts";
import { ROOT } from "../support/process.ts";
import { preparePython } from "../support/python.ts";
import { MEGABYTE, startSetup, type Setup } from "./setup.ts";

/** The official SDK for Python against the gateway: openai_client.py checks, this tells. */

const SCRIPT = path.join(import.meta.dirname, "openai_client.py");
const REQUIREMENTS = path.join(import.meta.dirname, "requirements.txt");

interface Check {
  readonly check: string;
  readonly ok: boolean;
  readonly got: string | null;
}

const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
const prepared = await preparePython({
  requirements: REQUIREMENTS,
  place: path.join(ROOT, "node_modules/.cache/switchyard", `python-${hash}`),
  modules: ["openai"],
});
const python = "python" in prepared ? prepared.python : "";
const skip = "missing" in prepared ? prepared.missing : false;

/** Runs the checks; they come as they are made. */
async function* checks(setup: Setup): AsyncGenerator<Check> {
  const env = {
    ...process.env,
    NO_PROXY: "127.0.0.1",
    PYTHONDONTWRITEBYTECODE: "1",
    SWITCHYARD_URL: setup.baseURL,
    SWITCHYARD_KEY: setup.gateway.key,
  };
  const child = spawn(python, [SCRIPT], { env, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (bytes: Buffer) => (errors += bytes.toString()));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Check;
  assert.equal(await closed, 0, errors);
}

test("the official SDK for Python", { skip }, async (suite) => {
  await using setup = await startSetup();
  const expected = readFileSync(SCRIPT, "utf8").match(/^@check\(/gm)?.length;
  let seen = 0;
  for await (const { check, ok, got } of checks(setup)) {
    seen++;
    await suite.test(check, () => assert.ok(ok, got ?? ""));
  }
  assert.equal(seen, expected, "not every check was made");

  await suite.test("closing the stream stopped the engine, and the record says abandoned", async () => {
    await until(() => setup.seenBy("slow")[0]?.closedEarly, "the close at the engine");
    const record = await until(() => setup.gateway.records.find(({ target }) => target === "slow"));
    assert.equal(record.status, "abandoned");
  });

  await suite.test("20 MB reached the engine whole, and 27 MB not at all", () => {
    const lengths = setup.seenBy("plain").map(({ raw }) => raw.length);
    assert.equal(lengths.filter((length) => length > 20 * MEGABYTE).length, 1);
    assert.ok(lengths.every((length) => length < 21 * MEGABYTE));
  });
});
