import assert from "node:assert/strict";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { chunk, DONE, Engine, FINISH, sse } from "./support/engine.ts";
import { freshData, startProcess, until, type TestProcess } from "./support/process.ts";

const hello = { messages: [{ role: "user", content: "Hello" }] };

test("a changed file is swapped in; exchanges under way keep what they began with", async () => {
  let proceed = (): void => {};
  await using old = await Engine.start(async (_request, response) => {
    sse(response);
    response.write(chunk("old "));
    await new Promise<void>((resolve) => (proceed = resolve));
    response.end(chunk("engine") + FINISH + DONE);
  });
  await using fresh = await Engine.start();
  await using server = await startProcess({ config: config(old.url, "m") });
  const key = await server.key();
  const before = await hash(server);
  const running = await chat(server, key, { model: "m", stream: true, ...hello });

  await writeFile(server.configFile ?? "", config(fresh.url, "m", "other"));
  await untilChanged(server, before);
  assert.equal((await chat(server, key, { model: "other", ...hello })).status, 200);
  assert.equal(fresh.seen.length, 1);
  proceed();
  const text = await running.text();
  assert.ok(text.includes("engine") && text.endsWith(DONE));
});

test("a bad file changes nothing and says so, with file, line and column", async () => {
  await using engine = await Engine.start();
  await using server = await startProcess({ config: config(engine.url, "m") });
  const key = await server.key();
  const before = await hash(server);
  await writeFile(server.configFile ?? "", `${config(engine.url, "m")}  x: { tiers: small }\n`);
  await until(() => server.stderr().includes("refused; the old one stays in force"), "the refusal");
  assert.match(server.stderr(), /switchyard\.yaml:\d+:\d+: /);
  assert.equal(await hash(server), before);
  assert.equal((await chat(server, key, { model: "m", ...hello })).status, 200);
  // Mended, it is taken.
  await writeFile(server.configFile ?? "", config(engine.url, "m", "n"));
  await untilChanged(server, before);
  assert.equal((await chat(server, key, { model: "n", ...hello })).status, 200);
});

test("a mounted ConfigMap, where a symlink to a folder is turned, is followed", async () => {
  await using engine = await Engine.start();
  const data = await freshData();
  const mount = path.join(data, "mount");
  const write = async (version: string, text: string): Promise<void> => {
    await mkdir(path.join(mount, version), { recursive: true });
    await writeFile(path.join(mount, version, "switchyard.yaml"), text);
    await symlink(version, path.join(mount, "..data.new"));
    await rename(path.join(mount, "..data.new"), path.join(mount, "..data"));
  };
  await write("..v1", config(engine.url, "m"));
  await symlink("..data/switchyard.yaml", path.join(mount, "switchyard.yaml"));
  await using server = await startProcess({ data, args: ["--config", path.join(mount, "switchyard.yaml")] });
  for (const [version, name] of [
    ["..v2", "second"],
    ["..v3", "third"],
  ] as const) {
    const before = await hash(server);
    await write(version, config(engine.url, "m", name));
    await untilChanged(server, before);
  }
  assert.equal((await chat(server, await server.key(), { model: "third", ...hello })).status, 200);
});

test("SIGHUP reads the file again", async () => {
  await using engine = await Engine.start();
  await using server = await startProcess({ config: config(engine.url, "m") });
  const before = await hash(server);
  await writeFile(server.configFile ?? "", config(engine.url, "n"));
  server.child.kill("SIGHUP");
  await untilChanged(server, before);
});

function config(url: string, ...targets: readonly string[]): string {
  const lines = targets.map(
    (name) =>
      `  ${name}: { provider: eng, model: ${name}-up, tier: small, price: { input: 1, output: 1 } }\n`,
  );
  return `providers:\n  eng: { kind: openai-compatible, baseUrl: "${url}" }\ntenants:\n  acme: { tasks: ["*"] }\ntargets:\n${lines.join("")}`;
}

async function hash(server: TestProcess): Promise<string> {
  return ((await (await server.api("/api/config")).json()) as { hash: string }).hash;
}

async function untilChanged(server: TestProcess, before: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if ((await hash(server)) !== before) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the configuration was not swapped:\n${server.stderr()}`);
}

function chat(server: TestProcess, key: string, body: object): Promise<Response> {
  return fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
