import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { startBedrockEmulator } from "../../../src/emulator/index.ts";
import { startGateway } from "../../support/gateway.ts";
import { ROOT } from "../../support/process.ts";
import { preparePython } from "../../support/python.ts";

/** The official SDK for Python against targets on Bedrock's emulator: openai_bedrock.py checks, this tells. */

const SCRIPT = path.join(import.meta.dirname, "openai_bedrock.py");
const HELPERS = path.join(ROOT, "test/clients");
const REQUIREMENTS = path.join(HELPERS, "requirements.txt");
const KEY = "bedrock-key-of-the-test";
const MODELS = {
  claude: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
  nova: "us.amazon.nova-pro-v1:0",
  titan: "amazon.titan-embed-text-v2:0",
  throttled: "us.amazon.nova-micro-v1:0",
  cut: "us.amazon.nova-lite-v1:0",
};

const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
const prepared = await preparePython({
  requirements: REQUIREMENTS,
  place: path.join(ROOT, "node_modules/.cache/switchyard", `python-${hash}`),
  modules: ["openai"],
});
const python = "python" in prepared ? prepared.python : "";
const skip = "missing" in prepared ? prepared.missing : false;

test("the official OpenAI SDK for Python on Bedrock", { skip }, async (suite) => {
  await using emulator = await startBedrockEmulator({ bearerToken: KEY });
  emulator.setFaults([
    { kind: "error", model: "*nova-micro*", exception: "ThrottlingException", retryAfterSeconds: 7 },
    { kind: "cut", model: "*nova-lite*", at: "before-message-stop" },
  ]);
  const targets = Object.entries(MODELS).map(
    ([id, model]) =>
      `  ${id}: { provider: aws, model: "${model}", tier: premium, price: { input: 1, output: 2 } }\n`,
  );
  const provider = `{ kind: bedrock, region: us-east-1, baseUrl: "${emulator.url}", apiKey: env:BEDROCK_KEY }`;
  await using gateway = await startGateway(`providers:\n  aws: ${provider}\ntargets:\n${targets.join("")}`, {
    env: { BEDROCK_KEY: KEY },
  });
  const env = {
    ...process.env,
    NO_PROXY: "127.0.0.1",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONPATH: HELPERS,
    SWITCHYARD_URL: `${gateway.url}/v1`,
    SWITCHYARD_KEY: gateway.key,
  };
  const child = spawn(python, [SCRIPT], { env, stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (bytes: Buffer) => (errors += bytes.toString()));
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const { check, ok, got } = JSON.parse(line) as { check: string; ok: boolean; got: string | null };
    seen++;
    await suite.test(check, () => assert.ok(ok, got ?? ""));
  }
  assert.equal(await closed, 0, errors);
  assert.equal(seen, readFileSync(SCRIPT, "utf8").match(/^@check\(/gm)?.length, "not every check was made");
  assert.deepEqual(gateway.bugs, []);
});
