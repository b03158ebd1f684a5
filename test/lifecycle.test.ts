import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { existsSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { chunk, DONE, Engine, FINISH, plain, sse } from "./support/engine.ts";
import { targetsOn, until } from "./support/gateway.ts";
import { freshData, runCli, startProcess, type TestProcess } from "./support/process.ts";

const TENANTS = 'tenants:\n  acme: { tasks: ["*"] }\n';
const hello = { messages: [{ role: "user", content: "Hello" }] };

test("the demo starts without a configuration, prints a key once, and its snippet works as pasted", async () => {
  await using first = await startProcess({ initialised: false });
  const key = /^key (sy-[0-9A-Za-z]{40})$/m.exec(first.stdout())?.[1] ?? "";
  assert.match(first.stdout(), new RegExp(`^ready ${first.url}$`, "m"));
  const curl = /^curl [^]*?\n\n/m.exec(first.stdout())?.[0] ?? "";
  const pasted = runShell(curl);
  assert.equal((JSON.parse(pasted) as { object: string }).object, "chat.completion");
  assert.equal(await first.stop(), 0);

  await using second = await startProcess({ data: first.data });
  assert.ok(!second.stdout().includes(key));
  assert.equal((await chat(second, key, { model: "support.answer", ...hello })).status, 200);
  await second.stop();
});

test("readyz says ready only when the ready line is printed and server.json is there", async () => {
  const { port } = await freePort();
  const data = await freshData();
  const child = spawn(process.execPath, ["bin/switchyard.js", "up", "--data", data, "--port", String(port)]);
  let out = "";
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  await untilAsync(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.status !== 200) return false;
    assert.ok(existsSync(path.join(data, "server.json")));
    return true;
  });
  await until(() => /^ready /m.test(out), "the ready line");
  child.kill("SIGTERM");
  await new Promise((resolve) => child.once("exit", resolve));
});

test("what a server leaves in its data folder is private, and server.json is there only while it runs", async () => {
  await using server = await startProcess();
  const file = path.join(server.data, "server.json");
  const facts = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  assert.equal(facts["url"], server.url);
  assert.equal(facts["pid"], server.child.pid);
  assert.ok(!Number.isNaN(Date.parse(String(facts["startedAt"]))));
  assert.equal(statSync(path.join(server.data, "admin.token")).mode & 0o077, 0);
  assert.equal(await server.stop("SIGINT"), 0);
  assert.ok(!existsSync(file));
});

test("a second server on the same data folder is refused in words, with 3", async () => {
  await using server = await startProcess();
  const second = runCli(["up", "--data", server.data, "--port", "0"]);
  assert.equal(second.code, 3);
  assert.match(second.err, /is in use by the Switchyard with process \d+ .*--data/);
});

test("after kill -9 the next server takes the folder over, and knows the keys", async () => {
  await using server = await startProcess({ config: `${simulated()}${TENANTS}` });
  const key = await server.key();
  await server.stop("SIGKILL");
  await using next = await startProcess({ data: server.data, config: `${simulated()}${TENANTS}` });
  assert.equal((await chat(next, key, { model: "sim", ...hello })).status, 200);
});

test("SIGTERM lets a stream end, refuses new exchanges, says so in readyz, and ends with 0", async () => {
  let proceed = (): void => {};
  await using engine = await Engine.start(async (_request, response) => {
    sse(response);
    response.write(chunk("first "));
    await new Promise<void>((resolve) => (proceed = resolve));
    response.end(chunk("last") + FINISH + DONE);
  });
  await using server = await startProcess({ config: targetsOn(engine.url, ["fine"]) + TENANTS });
  const key = await server.key();
  const response = await chat(server, key, { model: "fine", stream: true, ...hello });
  const reader = response.body?.getReader();
  const first = Buffer.from((await reader?.read())?.value ?? []).toString();
  assert.match(first, /first/);

  const ended = server.stop("SIGTERM");
  // Idle connections are closed just now, and fetch may take one of them: ask again.
  await untilAsync(async () => (await fetch(`${server.url}/readyz`).catch(() => undefined))?.status === 503);
  assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  const refused = await chat(server, key, { model: "fine", ...hello });
  assert.equal(refused.status, 503);
  assert.match(await refused.text(), /no_target_available/);
  assert.ok(refused.headers.has("retry-after"));

  proceed();
  let rest = "";
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    rest += Buffer.from(part.value).toString();
  }
  assert.ok(rest.includes("last") && rest.endsWith(DONE));
  assert.equal(await ended, 0);
});

test("a stream that outlasts the drain deadline ends with an error event, not with a normal end", async () => {
  await using engine = await Engine.start((_request, response) => {
    sse(response);
    response.write(chunk("for ever"));
  });
  const config = `server: { timeouts: { drain: 300ms } }\n${targetsOn(engine.url, ["fine"])}${TENANTS}`;
  await using server = await startProcess({ config });
  const response = await chat(server, await server.key(), { model: "fine", stream: true, ...hello });
  const ended = server.stop();
  const text = await response.text();
  assert.match(text, /no_target_available/);
  assert.ok(!text.includes("[DONE]"));
  assert.equal(await ended, 0);
  await until(() => engine.seen[0]?.closedEarly, "the engine's notice");
});

test("--json makes every line of stdout JSON", async () => {
  await using server = await startProcess({ args: ["--json"] });
  const lines = server
    .stdout()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string });
  assert.deepEqual(
    lines.map(({ event }) => event),
    ["key", "ready"],
  );
  await server.stop();
});

test("a taken port, a missing file, a faulty file and a wrong option each end with the right code and say what to do", async () => {
  await using server = await startProcess();
  const other = ["--data", path.join(server.data, "other")];
  const taken = runCli(["up", ...other, "--port", String(server.port)]);
  assert.equal(taken.code, 3);
  assert.match(taken.err, /--port/);
  const missing = runCli(["up", ...other, "--config", "nowhere.yaml"]);
  assert.equal(missing.code, 3);
  assert.match(missing.err, /there is no file nowhere\.yaml/);
  const wrong = runCli(["up", "--prot", "1"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /did you mean "port"/);
});

async function chat(server: TestProcess, key: string, body: object): Promise<Response> {
  return fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function freePort(): Promise<{ readonly port: number }> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return { port };
}

function simulated(): string {
  return `providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 10000 }
targets:
  sim: { provider: sim, model: sim-1, tier: small, price: { input: 1, output: 1 } }
`;
}

function runShell(command: string): string {
  return spawnSync("sh", ["-c", command], { encoding: "utf8" }).stdout;
}

async function untilAsync(look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await look()); tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

test("the last bytes of a long reply leave before the process does", async () => {
  const long = JSON.stringify({ choices: [], text: "x".repeat(30_000_000) });
  await using engine = await Engine.start((_request, response) => plain(response, 200, long));
  await using server = await startProcess({ config: targetsOn(engine.url, ["fine"]) + TENANTS });
  const response = await chat(server, await server.key(), { model: "fine", ...hello });
  const reader = response.body?.getReader();
  let bytes = (await reader?.read())?.value?.length ?? 0;
  // The exchange is over and recorded; most of its bytes still wait for the client.
  const ended = server.stop();
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
    bytes += part.value.length;
  assert.equal(bytes, long.length);
  assert.equal(await ended, 0);
});

test("when the control listener cannot start, nothing stays behind", async () => {
  await using server = await startProcess();
  const config = `server: { control: { listen: "127.0.0.1:${server.port}" } }\n${simulated()}${TENANTS}`;
  const file = path.join(server.data, "second.yaml");
  await writeFile(file, config);
  const second = runCli(["up", "--config", file, "--data", path.join(server.data, "second"), "--port", "0"]);
  assert.equal(second.code, 3);
  assert.match(second.err, /server\.control\.listen/);
});
