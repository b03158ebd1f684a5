import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import { Engine } from "../support/engine.ts";
import { ROOT, startProcess } from "../support/process.ts";
import {
  allExchanges,
  assertOneStory,
  assertUsageIsTheSum,
  between,
  Clients,
  configOn,
  KILLS,
  loadScript,
  metric,
  NO_POSTGRES,
  ownData,
  ownPostgres,
  pause,
  until,
  untilBooked,
  type OwnPostgres,
} from "./support.ts";

describe("a server that is killed again and again under load", () => {
  let postgres: OwnPostgres | undefined;
  before(async () => void (postgres = await ownPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  test("has every exchange that a client saw end once and at its cost, and those under way as killed at their ceiling: embedded", (context) =>
    killAgainAndAgain(context, "embedded"));

  test("has every exchange that a client saw end once and at its cost, and those under way as killed at their ceiling: PostgreSQL", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    await killAgainAndAgain(context, postgres.url);
  });
});

async function killAgainAndAgain(context: TestContext, database: string): Promise<void> {
  const load = loadScript();
  await using engine = await Engine.start((request, response) => {
    engine.seen.length = 0;
    return load.script(request, response);
  });
  const env = { TEST_DATABASE: database };
  const data = await ownData(database === "embedded");
  const options = { data, env, config: configOn(engine.url, "{ database: env:TEST_DATABASE }") };
  let server = await startProcess(options);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => server[Symbol.asyncDispose]());
  const clients = new Clients([await server.key(), await server.key({ tenant: "globex" })]);
  cleanup.defer(() => clients.stop());
  clients.start(24);
  for (let kill = 0; kill < KILLS; kill++) {
    clients.point(server.url);
    const seen = clients.ended;
    await until(() => clients.ended > seen + 100, "answers");
    await pause(between(0, 600));
    await server.stop("SIGKILL");
    clients.point(undefined);
    // A start that is cut off has recovered a part, or all of it and booked a part.
    if (kill % 3 === 2) await killWhileStarting(data, env, between(300, 1_500));
    server = await startProcess(options);
  }
  clients.point(server.url);
  const seen = clients.ended;
  await until(() => clients.ended > seen + 100, "answers");
  await clients.stop();
  await untilBooked(server);
  const rows = await allExchanges(server);
  context.diagnostic(
    `${rows.length} exchanges, ${rows.filter(({ status }) => status === "killed").length} killed`,
  );
  assertOneStory(rows, clients, load);
  assert.ok(rows.some(({ status, stream }) => status === "killed" && stream));
  assert.ok(rows.some(({ status }) => status === "abandoned"));
  await assertUsageIsTheSum(server, rows);
  assert.equal(await metric(server, "switchyard_journal_rejected_total"), 0);
  assert.equal(await metric(server, "switchyard_journal_unrecorded_total"), 0);
  assert.equal(await server.stop(), 0);
}

/** Starts a server on a data folder and kills it before it is ready, if it lives as long. */
async function killWhileStarting(
  data: string,
  env: Readonly<Record<string, string>>,
  afterMs: number,
): Promise<void> {
  const args = ["up", "--data", data, "--port", "0", "--config", path.join(data, "switchyard.yaml")];
  const child = spawn(process.execPath, [path.join(ROOT, "bin/switchyard.js"), ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  await pause(afterMs);
  child.kill("SIGKILL");
  await exited;
}
