import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { emulateBedrock } from "../../src/cli/commands/emulate-bedrock.ts";
import { cli } from "../../src/cli/main.ts";
import { readScript } from "../../src/emulator/script.ts";
import { NOVA, RECORDINGS, withoutRecordings } from "./support.ts";

const FIXTURES = new URL("fixtures/", import.meta.url).pathname;
const ENTRY = `
  import { cli } from ${JSON.stringify(new URL("../../src/cli/main.ts", import.meta.url).href)};
  import { emulateBedrock } from ${JSON.stringify(new URL("../../src/cli/commands/emulate-bedrock.ts", import.meta.url).href)};
  const line = (stream) => (text) => stream.write(text + "\\n");
  process.exitCode = await cli(
    ["emulate", "bedrock", ...JSON.parse(process.env.ARGS)],
    { out: line(process.stdout), err: line(process.stderr) },
    [emulateBedrock],
  );
`;

/** The command in this process, for what ends by itself. */
async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const lines = { out: [] as string[], err: [] as string[] };
  const io = {
    out: (text: string) => void lines.out.push(text),
    err: (text: string) => void lines.err.push(text),
  };
  const code = await cli(["emulate", "bedrock", ...args], io, [emulateBedrock]);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

/** The command as a process, for what serves until a signal. */
function serve(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, ["--input-type=module", "-e", ENTRY], {
    env: { PATH: process.env["PATH"] ?? "", ARGS: JSON.stringify(args), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (piece: Buffer) => {
      text += piece.toString();
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`it ended with ${code}`)));
  });
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  test(`it says where it listens, serves, and ends with 0 at ${signal}`, async () => {
    const child = serve(["--port", "0", "--open"]);
    const line = await firstLine(child);
    const [, url = ""] = /^ready (http:\/\/127\.0\.0\.1:\d+)$/.exec(line) ?? [];
    const response = await fetch(`${url}/model/${NOVA}/converse`, {
      method: "POST",
      body: '{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}',
    });
    assert.equal(response.status, 200);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    assert.equal(await ended, 0);
  });

test("with --json the line is JSON, and the environment's key pair is verified", async () => {
  const child = serve(["--port", "0", "--json"], { AWS_ACCESS_KEY_ID: "AKIA0", AWS_SECRET_ACCESS_KEY: "s" });
  try {
    const ready = JSON.parse(await firstLine(child)) as { event: string; url: string; port: number };
    assert.equal(ready.event, "ready");
    assert.equal(ready.url, `http://127.0.0.1:${ready.port}`);
    const response = await fetch(`${ready.url}/model/${NOVA}/converse`, { method: "POST", body: "{}" });
    assert.equal(response.status, 403);
  } finally {
    child.kill("SIGKILL");
  }
});

test("a script's faults, profiles and answers are in force", async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "script-"));
  const file = path.join(folder, "script.yaml");
  await writeFile(file, "answers:\n- contains: Hello\n  text: From the script.\n");
  const child = serve(["--port", "0", "--open", "--script", file]);
  try {
    const url = (await firstLine(child)).slice("ready ".length);
    const response = await fetch(`${url}/model/${NOVA}/converse`, {
      method: "POST",
      body: '{"messages":[{"role":"user","content":[{"text":"Hello"}]}]}',
    });
    assert.match(await response.text(), /From the script\./);
  } finally {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true });
  }
});

test("the guide's script can be used as it stands", async () => {
  const guide = await readFile(new URL("../../docs/guides/emulator.md", import.meta.url), "utf8");
  const [, script = ""] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
  const read = readScript(parse(script));
  assert.deepEqual([read.faults.length, read.profiles.length, read.guardrails.length], [2, 1, 1]);
});

test("what is wrong on the command line is said with what to write instead", async () => {
  const port = await run("--port", "70000", "--open");
  assert.equal(port.code, 2);
  assert.match(port.err, /--port: "70000" is no port; write 0 to 65535/);
  const region = await run("--region", "Virginia", "--open");
  assert.equal(region.code, 2);
  assert.match(region.err, /write one such as us-east-1/);
  const missing = await run("--script", "nowhere.yaml", "--open");
  assert.equal(missing.code, 3);
  assert.match(missing.err, /the script nowhere\.yaml cannot be read/);
  const recordings = await run("--recordings", "nowhere", "--open", "--port", "0");
  assert.equal(recordings.code, 3);
  assert.match(recordings.err, /the folder nowhere cannot be read/);
});

test("a port that is taken, and no credentials at all, are said", async () => {
  const holder = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  const { port } = holder.address() as net.AddressInfo;
  const taken = await run("--port", String(port), "--open");
  assert.equal(taken.code, 3);
  assert.match(taken.err, /is taken; choose another with --port/);
  holder.close();
  const child = serve(["--port", "0"]);
  let err = "";
  child.stderr?.on("data", (piece: Buffer) => (err += piece.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  assert.equal(code, 3);
  assert.match(
    err,
    /set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK, or say --open/,
  );
});

test("--check counts what is the same, and ends with 1 where something is not", async () => {
  const same = await run("--check", FIXTURES);
  assert.deepEqual(
    [same.code, same.out],
    [0, "3 of 3 recorded requests got their recorded status and error class"],
  );
  const folder = await mkdtemp(path.join(os.tmpdir(), "recordings-"));
  await writeFile(
    path.join(folder, "other.yaml"),
    `interactions:
- request:
    method: POST
    uri: https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-lite-v1:0/converse
    parsed_body: {messages: [{role: user, content: [{text: hello}]}]}
  response:
    headers: {}
    status: {code: 429, message: Too Many Requests}
    parsed_body: {message: "Too many requests, please wait before trying again."}
`,
  );
  try {
    const other = await run("--check", folder);
    assert.equal(other.code, 1);
    assert.match(other.out, /^FILE +NO +REQUEST +RECORDED +ANSWERED/);
    assert.match(other.out, /other\.yaml +1 +POST \/model\/.* +429 ThrottlingException +200/);
    assert.match(other.out, /\n0 of 1 recorded requests got their recorded status and error class$/);
    const json = await run("--check", folder, "--json");
    const {
      total,
      same: count,
      different,
    } = JSON.parse(json.out) as { total: number; same: number; different: unknown[] };
    assert.deepEqual([json.code, total, count, different.length], [1, 1, 0, 1]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("--check finds no difference in the recorded exchanges", { skip: withoutRecordings }, async () => {
  const { code, out } = await run("--check", RECORDINGS);
  assert.equal(code, 0, out);
  assert.match(out, /^(\d+) of \1 recorded requests got their recorded status and error class$/);
});
