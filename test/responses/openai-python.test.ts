import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { ROOT } from "../support/process.ts";
import { preparePython } from "../support/python.ts";
import { chunk, sse, type Script } from "../support/engine.ts";
import { bodyOf, startSetup, type Setup } from "./setup.ts";

/** OpenAI's SDK for Python asks for responses through the whole gateway: responses_client.py checks, this tells. */

const SCRIPT = path.join(import.meta.dirname, "responses_client.py");
const REQUIREMENTS = path.join(import.meta.dirname, "../clients/requirements.txt");

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
    SWITCHYARD_URL: `${setup.gateway.url}/v1`,
    SWITCHYARD_KEY: setup.gateway.key,
  };
  const child = spawn(python, [SCRIPT], { env, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (bytes: Buffer) => (errors += bytes.toString()));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Check;
  assert.equal(await closed, 0, errors);
}

/** Cuts what is asked of a model for that, and else does as before. */
function cutting(script: Script): Script {
  return (request, response) => {
    if (bodyOf(request)["model"] !== "cut") return script(request, response);
    sse(response);
    response.write(chunk("one "), () => response.destroy());
  };
}

test("the official SDK for Python and responses", { skip }, async (suite) => {
  await using setup = await startSetup();
  for (const engine of [setup.chat, setup.native]) engine.script = cutting(engine.script);
  const expected = readFileSync(SCRIPT, "utf8").match(/^@check\(/gm)?.length;
  let seen = 0;
  for await (const { check, ok, got } of checks(setup)) {
    seen++;
    await suite.test(check, () => assert.ok(ok, got ?? ""));
  }
  assert.equal(seen, expected, "not every check was made");
});
