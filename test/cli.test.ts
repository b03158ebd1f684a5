import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { freshData, ROOT, runCli, startProcess } from "./support/process.ts";

test("keys are made, listed and revoked through the running server, and a revoked key is refused at once", async () => {
  await using server = await startProcess();
  const at = ["--data", server.data];
  for (const shown of ["usage", "keys create --tenant demo", "explain <x-switchyard-exchange of a reply>"])
    assert.ok(server.stdout().includes(`switchyard -- ${shown} --data ${server.data}`), shown);
  const created = runCli([
    "keys",
    "create",
    "--tenant",
    "demo",
    "--name",
    "mail",
    "--pin",
    "app=mail",
    "--expires",
    "30d",
    ...at,
    "--json",
  ]);
  assert.equal(created.code, 0, created.err);
  const key = JSON.parse(created.out) as { id: string; key: string; pinned: object; expiresAt: string };
  assert.match(key.key, /^sy-[0-9A-Za-z]{40}$/);
  assert.deepEqual(key.pinned, { app: "mail" });
  const ask = (): Promise<Response> =>
    fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${key.key}` } });
  assert.equal((await ask()).status, 200);

  const list = runCli(["keys", "list", ...at]);
  assert.match(list.out, /KEY +TENANT +NAME/);
  assert.ok(list.out.includes("mail") && !list.out.includes(key.key));
  const revoked = runCli(["keys", "revoke", key.id, ...at]);
  assert.equal(revoked.code, 0);
  const refused = await ask();
  assert.equal(refused.status, 401);
  assert.match(await refused.text(), /key_revoked/);
});

test("without a server keys are made in the store, and the next server knows them", async () => {
  const data = await freshData();
  try {
    const created = runCli(["keys", "create", "--tenant", "demo", "--data", data]);
    assert.equal(created.code, 0, created.err);
    assert.match(created.out, /^sy-[0-9A-Za-z]{40}\n$/);
    await using server = await startProcess({ data });
    const models = await fetch(`${server.url}/v1/models`, {
      headers: { authorization: `Bearer ${created.out.trim()}` },
    });
    assert.equal(models.status, 200);
    await server.stop();
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("a wrong wish for a key ends with 2 and names what is wrong", async () => {
  await using server = await startProcess();
  const at = ["--data", server.data];
  const unknown = runCli(["keys", "create", "--tenant", "nobody", ...at]);
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /there is no tenant "nobody"/);
  assert.equal(runCli(["keys", "create", ...at]).code, 2);
  const word = runCli(["keys", "create", "--tenant", "demo", "--pin", "latency=soon", ...at]);
  assert.match(word.err, /interactive, standard, batch/);
  assert.equal(word.code, 2);
  assert.equal(runCli(["keys", "revoke", "sy-nobody", ...at]).code, 3);
});

test("check says ok with 0, names every fault with 1, and ends with 3 where there is no file", async () => {
  const data = await freshData(false);
  try {
    const file = path.join(data, "switchyard.yaml");
    await writeFile(
      file,
      "providers:\n  sim: { kind: simulator }\ntargets:\n  a: { provider: sim, model: m, tier: small, price: { input: 1, output: 1 } }\n",
    );
    const good = runCli(["check", file]);
    assert.equal(good.code, 0, good.err);
    assert.match(good.out, /ok: 1 provider, 1 target, 0 tasks, 0 tenants/);
    await writeFile(
      file,
      "targets:\n  a: { provider: sim, model: m, tier: smal }\nbudgets: [ { name: x } ]\n",
    );
    const bad = runCli(["check", file]);
    assert.equal(bad.code, 1);
    assert.match(bad.err, /switchyard\.yaml:2:\d+: targets\.a\.tier: .*did you mean "small"/);
    assert.match(bad.err, /switchyard\.yaml:3:\d+: budgets: is not available yet/);
    assert.equal((JSON.parse(runCli(["check", file, "--json"]).out) as { ok: boolean }).ok, false);
    assert.equal(runCli(["check", path.join(data, "none.yaml")]).code, 3);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("help is there for the whole and for each command, and a mistyped command is recognised", () => {
  const help = runCli([]);
  assert.equal(help.code, 0);
  for (const name of ["up", "check", "keys create"]) {
    assert.ok(help.out.includes(name));
    assert.match(runCli([...name.split(" "), "--help"]).out, new RegExp(`Usage: switchyard ${name}`));
  }
  const mistyped = runCli(["chek"]);
  assert.equal(mistyped.code, 2);
  assert.match(mistyped.err, /did you mean "check"/);
  assert.match(runCli(["--version"]).out, /^\d+\.\d+\.\d+\n$/);
});

test("an older Node is told what to do, with 3, by the launcher and by what is compiled", () => {
  const pretend =
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });';
  for (const entry of ["bin/switchyard.js", "src/main.ts"]) {
    const result = spawnSync(process.execPath, ["--import", `data:text/javascript,${pretend}`, entry, "up"], {
      cwd: ROOT,
      encoding: "utf8",
    });
    assert.equal(result.status, 3, entry);
    assert.match(result.stderr, /needs Node 22\.19 or newer, this is 20\.20\.2.*npm ci/);
  }
});
