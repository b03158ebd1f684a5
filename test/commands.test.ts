import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";
import { answer, Engine } from "./support/engine.ts";
import { freshData, ROOT, runCli, startProcess, until, type TestProcess } from "./support/process.ts";

const yaml = (url: string): string => `providers:
  eng: { kind: openai-compatible, baseUrl: "${url}" }
  gone: { kind: openai-compatible, baseUrl: "http://127.0.0.1:9/v1" }
targets:
  fine: { provider: eng, model: fine, tier: dedicated, price: { input: 1, output: 2 } }
  away: { provider: gone, model: away, tier: premium, price: { input: 3, output: 15 } }
tasks:
  answer: { targets: [away, fine], owner: support-team }
tenants:
  acme: { tasks: ["*"] }
`;

async function chat(server: TestProcess, key: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    body: JSON.stringify({ messages: [{ role: "user", content: "hi" }], ...body }),
  });
  await response.text();
  return response.headers.get("x-switchyard-exchange") ?? "";
}

test("usage, explain and config tell the same by the running server and by the store that it left", async () => {
  await using engine = await Engine.start(answer(["hello"]));
  const data = await freshData();
  try {
    let id: string;
    let before: string;
    {
      await using server = await startProcess({ data, config: yaml(engine.url) });
      const key = await server.key();
      await chat(server, key, { model: "fine" }, { "x-switchyard-feature": "=1+1" });
      id = await chat(server, key, { model: "answer" }, { "x-switchyard-feature": "inbox" });
      await chat(server, key, { model: "nope" });

      const table = runCli(["usage", "--by", "tenant,feature", "--data", data]);
      assert.equal(table.code, 0, table.err);
      assert.match(table.out, /^TENANT +FEATURE +EXCHANGES +NOT ANSWERED +INPUT +CACHED +OUTPUT +COST USD/m);
      assert.match(table.out, /^TOTAL/m);

      const csv = runCli(["usage", "--by", "feature", "--csv", "--data", data]);
      assert.equal(csv.out.split("\n")[0]?.split(",")[0], "feature");
      assert.match(csv.out, /^'=1\+1,1,/m, "a cell that a spreadsheet would take for a formula is a text");

      const explained = runCli(["explain", id, "--data", data]);
      assert.equal(explained.code, 0, explained.err);
      assert.match(explained.out, new RegExp(`^Exchange ${id} was answered`));
      assert.match(explained.out, /asked for "answer", a task, owned by support-team/);
      assert.match(explained.out, /1 +away +premium/);
      assert.match(explained.out, /away +failed .*connect/);
      assert.match(explained.out, /0\.000018 USD on fine = \(12 input × 1 \+ 3 output × 2\) \/ 1,000,000/);

      const { hash } = JSON.parse(runCli(["config", "show", "--json", "--data", data]).out) as {
        hash: string;
      };
      await writeFile(path.join(data, "switchyard.yaml"), yaml(engine.url).replace("input: 1", "input: 7"));
      await until(() => server.stderr().includes("reloaded"));
      const diff = runCli(["config", "diff", hash.slice(0, 10), "--data", data]);
      assert.equal(diff.code, 1);
      assert.match(diff.out, /^-  fine: .*input: 1, output/m);
      assert.match(diff.out, /^\+  fine: .*input: 7, output/m);
      assert.match(runCli(["config", "show", hash, "--data", data]).out, /input: 1, output/);
      assert.equal(runCli(["config", "list", "--data", data]).out.split("\n").length - 1, 3);
      // What it cost is explained by the prices of its own configuration.
      assert.match(runCli(["explain", id, "--data", data]).out, /12 input × 1 /);

      before = runCli(["usage", "--by", "tenant,feature,status", "--json", "--data", data]).out;
      await server.stop();
    }
    const at = ["--data", data, "--config", path.join(data, "switchyard.yaml")];
    const after = runCli(["usage", "--by", "tenant,feature,status", "--json", ...at]);
    assert.equal(after.code, 0, after.err);
    const [one, other] = [before, after.out].map(
      (text) => JSON.parse(text) as { rows: unknown; total: unknown },
    );
    assert.deepEqual(other?.rows, one?.rows);
    assert.deepEqual(other?.total, one?.total);
    assert.match(runCli(["explain", id, ...at]).out, /was answered/);
    assert.match(await readFile(path.join(data, "switchyard.yaml"), "utf8"), /input: 7/);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});

test("tail shows exchanges as they end, one line each, and only those that were asked for", async () => {
  await using engine = await Engine.start(answer(["hello"]));
  await using server = await startProcess({ config: yaml(engine.url) });
  const key = await server.key();
  const watch = (...args: string[]) => {
    const child = spawn(process.execPath, [
      path.join(ROOT, "bin/switchyard.js"),
      "tail",
      "--data",
      server.data,
      ...args,
    ]);
    const said = { out: "", code: undefined as number | null | undefined };
    child.stdout.on("data", (bytes: Buffer) => (said.out += bytes.toString()));
    child.on("close", (code) => (said.code = code));
    return said;
  };
  const all = watch("--where", "status=answered", "--count", "2");
  const refused = watch("--errors", "--where", "feature=inbox", "--count", "1", "--json");
  // They begin to watch when they have started.
  while (all.code === undefined || refused.code === undefined) {
    await chat(server, key, { model: "fine" });
    await chat(server, key, { model: "nope" });
    await chat(server, key, { model: "nope" }, { "x-switchyard-feature": "inbox" });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(all.code, 0);
  assert.equal(all.out.trim().split("\n").length, 2);
  assert.match(all.out, /^\d\d:\d\d:\d\d\.\d{3} +answered +\d+ ms +fine +12→3 +\$0\.000018 +acme/m);
  const shown = JSON.parse(refused.out) as { code: string; feature: string };
  assert.deepEqual([shown.code, shown.feature], ["model_not_found", "inbox"]);
});

test("commands say what to do where there is nothing: no server, no database, no such exchange, no such word", async () => {
  const data = await freshData();
  try {
    const at = ["--data", data];
    const cases: [string[], number, RegExp][] = [
      [
        ["usage", "--data", path.join(data, "nothing")],
        3,
        /no server runs .* no database in it; name the folder/,
      ],
      [["tail", ...at], 3, /no server runs .* switchyard up/],
      [["explain", "01a1fe24-3792-7e5c-bfb7-7904d3f2e1d0", ...at], 3, /no such exchange/],
      [["explain", "nonsense", ...at], 2, /id: /],
      [["usage", "--by", "nothing", ...at], 2, /by/],
      [["usage", "--since", "yesterday", ...at], 2, /since: write a time/],
      [["usage", "--where", "colour=red", ...at], 2, /no word "colour"/],
      [["usage", "--csv", "--json", ...at], 2, /one of --csv and --json/],
      [["usage", ...at], 0, /no exchanges between/],
      [["config", "list", ...at], 0, /no configuration was in force yet/],
      [["config", "show", "abcdef", ...at], 3, /no configuration/],
      [["config", "diff", "abcdef", ...at], 3, /no configuration/],
      [["keys", "list", "--data", path.join(data, "nothing")], 3, /no database in it/],
    ];
    for (const [args, code, says] of cases) {
      const result = runCli(args);
      assert.equal(result.code, code, `${args.join(" ")}: ${result.err}`);
      assert.match(result.err, says);
      assert.equal(result.out, "");
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
});
