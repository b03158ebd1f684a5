import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Engine } from "../support/engine.ts";
import { runCli, startProcess, type TestProcess } from "../support/process.ts";
import {
  allExchanges,
  assertOneStory,
  assertUsageIsTheSum,
  Clients,
  configOn,
  loadScript,
  NO_POSTGRES,
  ownData,
  ownPostgres,
  until,
  untilBooked,
  type OwnPostgres,
  type UsageAnswer,
} from "./support.ts";

describe("a server under load that is stopped", () => {
  let postgres: OwnPostgres | undefined;
  before(async () => void (postgres = await ownPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  test("by SIGTERM: whatever ended is booked, with the database there or away, and the next one has it", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    await using cleanup = new AsyncDisposableStack();
    const load = loadScript();
    const engine = cleanup.use(await Engine.start((request, response) => load.script(request, response)));
    const options = {
      data: await ownData(false),
      env: { TEST_DATABASE: postgres.url },
      config: configOn(engine.url, "{ database: env:TEST_DATABASE }"),
    };
    let server = cleanup.use(await startProcess(options));
    const clients = new Clients([await server.key(), await server.key({ tenant: "globex" })]);
    cleanup.defer(() => clients.stop());
    clients.start(24);
    for (let turn = 0; turn < 4; turn++) {
      clients.point(server.url);
      const seen = clients.ended;
      await until(() => clients.ended > seen + 200, "answers");
      const isAway = turn % 2 === 1;
      if (isAway) await postgres.stop();
      const ending = server.stop();
      await until(() => isStopping(server), "the stop");
      clients.point(undefined);
      assert.equal(await ending, 0);
      if (isAway) await postgres.start();
      server = cleanup.use(await startProcess(options));
    }
    await clients.stop();
    await untilBooked(server);
    const rows = await allExchanges(server);
    // Those that came while it stopped were refused in words, and that is recorded, too.
    assert.deepEqual(
      clients.faults.filter((fault) => !fault.includes("no_target_available")),
      [],
    );
    clients.faults.length = 0;
    const stopping = new Set(
      rows.filter(({ code }) => code === "no_target_available").map(({ journey, id }) => journey ?? id),
    );
    for (const { journey, id } of clients.asked.values())
      if (stopping.has(journey) || stopping.has(id ?? "")) clients.asked.delete(journey);
    const others = rows.filter(({ code }) => code !== "no_target_available");
    assertOneStory(others, clients, load);
    assert.ok(others.every(({ status }) => status !== "killed"));
    await assertUsageIsTheSum(server, rows);
  });

  test("or lives: a second process on its data folder is refused in words, with 3", async () => {
    const load = loadScript();
    await using engine = await Engine.start((request, response) => load.script(request, response));
    await using server = await startProcess({ config: configOn(engine.url) });
    const clients = new Clients([await server.key()]);
    clients.point(server.url);
    clients.start();
    await until(() => clients.ended > 50, "answers");
    const second = runCli(["up", "--data", server.data, "--port", "0", "--config", server.configFile ?? ""]);
    assert.equal(second.code, 3);
    assert.match(second.err, /is in use by the Switchyard with process \d+ .*--data/);
    const seen = clients.ended;
    await until(() => clients.ended > seen + 50, "answers");
    await clients.stop();
    await untilBooked(server);
    assertOneStory(await allExchanges(server), clients, load);
  });

  test("by a kill: usage by command says the same of the running server, of the stopped store, and of the next server", async () => {
    const load = loadScript();
    await using engine = await Engine.start((request, response) => load.script(request, response));
    await using server = await startProcess({ config: configOn(engine.url) });
    const clients = new Clients([await server.key(), await server.key({ tenant: "globex" })]);
    clients.point(server.url);
    clients.start();
    await until(() => clients.ended > 100, "answers");
    await clients.stop();
    await untilBooked(server);
    const running = usageOf(server);
    assert.deepEqual(running.total, (await usageByApi(server)).total);

    // The kill comes before what was just recorded can be booked.
    clients.start(32);
    const seen = clients.ended;
    await until(() => clients.ended > seen + 20, "answers");
    await server.stop("SIGKILL");
    clients.point(undefined);
    await clients.stop();
    const stored = usageOf(server);
    assert.ok(stored.total.exchanges >= running.total.exchanges + 20);
    assert.deepEqual(usageOf(server).total, stored.total);
    await using next = await startProcess({ data: server.data, config: configOn(engine.url) });
    assert.deepEqual(usageOf(next).rows, stored.rows);
    assert.deepEqual(usageOf(next).total, stored.total);
    const rows = await allExchanges(next);
    assertOneStory(rows, clients, load);
    assert.equal(rows.length, stored.total.exchanges);
    await assertUsageIsTheSum(next, rows);
  });
});

async function isStopping(server: TestProcess): Promise<boolean> {
  const answer = await fetch(`${server.url}/readyz`).catch(() => undefined);
  return answer?.status !== 200;
}

/** By the command, whoever answers it. */
function usageOf({ data, configFile }: TestProcess): UsageAnswer {
  const args = ["usage", "--json", "--by", "tenant,target,status", "--data", data];
  const { code, out, err } = runCli([...args, "--config", configFile ?? ""]);
  assert.equal(code, 0, err);
  return JSON.parse(out) as UsageAnswer;
}

async function usageByApi(server: TestProcess): Promise<UsageAnswer> {
  return (await (await server.api("/api/usage?by=tenant,target,status")).json()) as UsageAnswer;
}
