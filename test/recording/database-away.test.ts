import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Engine } from "../support/engine.ts";
import { startProcess, type TestProcess } from "../support/process.ts";
import {
  allExchanges,
  assertOneStory,
  assertUsageIsTheSum,
  Clients,
  configOn,
  loadScript,
  metric,
  NO_POSTGRES,
  ownData,
  ownPostgres,
  pause,
  PG_AWAY_S,
  until,
  untilBooked,
  type LoadScript,
  type OwnPostgres,
} from "./support.ts";

describe("while PostgreSQL is away", () => {
  let postgres: OwnPostgres | undefined;
  before(async () => void (postgres = await ownPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  test("no exchange fails, and all are booked once it was stopped and is back", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    const { stop, start } = postgres;
    await serveThrough(postgres.url, { away: stop, back: start });
  });

  test("no exchange fails, and all are booked once it was frozen and woke up", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    const { freeze, wake } = postgres;
    await serveThrough(postgres.url, { away: freeze, back: wake });
  });

  test("a server that is told to stop while it is frozen ends, and the next one books the rest", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    const { freeze, wake } = postgres;
    await using scene = await setting(postgres.url);
    const { server, clients, load, options } = scene;
    await until(() => clients.ended > 100, "answers");
    freeze();
    let ended: number | null | undefined;
    try {
      const seen = clients.ended;
      await until(() => clients.ended > seen + 100, "answers");
      clients.point(undefined);
      await clients.stop();
      void server.stop().then((code) => (ended = code));
      await until(() => ended !== undefined, "the end of the server");
    } finally {
      wake();
    }
    assert.equal(ended, 0);
    await using next = await startProcess(options);
    await untilBooked(next);
    assertOneStory(await since(next, clients), clients, load);
  });

  test("what clients saw end before a kill is booked by the next server, however often the database went", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    await using scene = await setting(postgres.url);
    const { clients, load, options } = scene;
    let { server } = scene;
    for (let turn = 0; turn < 3; turn++) {
      const seen = clients.ended;
      await until(() => clients.ended > seen + 100, "answers");
      await postgres.stop();
      const without = clients.ended;
      await until(() => clients.ended > without + 100, "answers without a database");
      await server.stop("SIGKILL");
      clients.point(undefined);
      await postgres.start();
      server = scene.server = await startProcess(options);
      clients.point(server.url);
    }
    await clients.stop();
    await untilBooked(server);
    const rows = await since(server, clients);
    assertOneStory(rows, clients, load);
    assert.equal(await metric(server, "switchyard_journal_damaged_total"), 0);
  });
});

interface Scene extends AsyncDisposable {
  server: TestProcess;
  readonly clients: Clients;
  readonly load: LoadScript;
  readonly options: Parameters<typeof startProcess>[0];
}

async function setting(database: string): Promise<Scene> {
  const cleanup = new AsyncDisposableStack();
  const load = loadScript();
  const engine = cleanup.use(await Engine.start((request, response) => load.script(request, response)));
  const options = {
    data: await ownData(false),
    env: { TEST_DATABASE: database },
    config: configOn(engine.url, "{ database: env:TEST_DATABASE }"),
  };
  const server = await startProcess(options);
  const clients = new Clients([await server.key(), await server.key({ tenant: "globex" })]);
  clients.point(server.url);
  clients.start();
  const scene: Scene = {
    server,
    clients,
    load,
    options,
    async [Symbol.asyncDispose]() {
      await clients.stop();
      await scene.server[Symbol.asyncDispose]();
      await cleanup.disposeAsync();
    },
  };
  return scene;
}

async function serveThrough(
  database: string,
  how: { away(): void | Promise<void>; back(): void | Promise<void> },
): Promise<void> {
  await using scene = await setting(database);
  const { server, clients, load } = scene;
  await until(() => clients.ended > 100, "answers");
  const seen = clients.ended;
  await how.away();
  try {
    await pause(PG_AWAY_S * 1_000);
    await until(() => clients.ended > seen + 100, "answers without a database");
  } finally {
    await how.back();
  }
  const without = clients.ended;
  await until(() => clients.ended > without + 100, "answers");
  await clients.stop();
  await untilBooked(server);
  const rows = await since(server, clients);
  assert.equal(clients.broken, 0);
  assertOneStory(rows, clients, load);
  assert.ok(rows.every(({ status }) => status !== "killed"));
  assert.equal(await metric(server, "switchyard_journal_unrecorded_total"), 0);
  assert.equal(await metric(server, "switchyard_journal_rejected_total"), 0);
  if (rows.length === (await allExchanges(server)).length) await assertUsageIsTheSum(server, rows);
  assert.equal(await server.stop(), 0);
}

/** The tests share a database: only what these clients asked for. */
async function since(server: TestProcess, clients: Clients): ReturnType<typeof allExchanges> {
  const rows = await allExchanges(server);
  return rows.filter(({ journey }) => journey !== null && clients.asked.has(journey));
}
