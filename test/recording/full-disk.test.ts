import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
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
  until,
  untilBooked,
  type Asked,
  type LoadScript,
  type OwnPostgres,
} from "./support.ts";

const STREAMS = 20;
const SMALL_LIMIT = "limit: 200KiB";

describe("while PostgreSQL is away and the journal has no room left", () => {
  let postgres: OwnPostgres | undefined;
  before(async () => void (postgres = await ownPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  for (const room of ["a full disk", "a small storage.journal.limit"] as const) {
    test(`new exchanges are refused, those under way end, and service resumes by itself: ${room}`, async (context) => {
      if (postgres === undefined) return context.skip(NO_POSTGRES);
      await using scene = await setting(context, postgres, room, "refuse");
      if (scene === undefined) return;
      const { server, clients, load } = scene;
      const streams = await scene.fill(() =>
        [...clients.asked.values()].some(({ end }) => end === "journal_full"),
      );
      assert.equal(await metric(server, "switchyard_journal_full"), 1);
      assert.deepEqual([...new Set((await streams.end()).map(({ end }) => end))], ["answered"]);
      await postgres.start();
      await untilServed(scene);
      const unrecorded = await scene.countUnrecorded();
      assert.ok(unrecorded > 0);
      // The next server has nothing left to book, and nothing else to say.
      assert.equal(await server.stop(), 0);
      const next = await scene.startAgain();
      assertOneStory(await allExchanges(next), clients, load, isRefused);
      assert.equal(await metric(next, "switchyard_journal_damaged_total"), 0);
    });

    test(`all are served with onFull: serve, and those without a record are counted: ${room}`, async (context) => {
      if (postgres === undefined) return context.skip(NO_POSTGRES);
      await using scene = await setting(context, postgres, room, "serve");
      if (scene === undefined) return;
      const { server, clients } = scene;
      const served = 'switchyard_journal_full_total{how="served"}';
      const streams = await scene.fill(async () => (await metric(server, served)) > 200);
      assert.deepEqual([...new Set((await streams.end()).map(({ end }) => end))], ["answered"]);
      await postgres.start();
      await untilServed(scene);
      assert.ok((await scene.countUnrecorded()) > 0);
      assert.ok([...clients.asked.values()].every(({ end }) => end !== "journal_full"));
      assert.equal(await metric(server, 'switchyard_journal_full_total{how="refused"}'), 0);
    });

    test(`a kill loses nothing of what was recorded or under way: ${room}`, async (context) => {
      if (postgres === undefined) return context.skip(NO_POSTGRES);
      await using scene = await setting(context, postgres, room, "refuse");
      if (scene === undefined) return;
      const { clients, load } = scene;
      const streams = await scene.fill(() =>
        [...clients.asked.values()].some(({ end }) => end === "journal_full"),
      );
      clients.point(undefined);
      await clients.stop();
      await scene.server.stop("SIGKILL");
      load.hold = undefined;
      await streams.end();
      await postgres.start();
      const next = await scene.startAgain();
      await untilBooked(next);
      const rows = await allExchanges(next);
      assertOneStory(rows, clients, load, isRefused);
      for (const { journey } of streams.asked)
        assert.equal(rows.find((row) => row.journey === journey)?.status, "killed");
      assert.equal(await metric(next, "switchyard_journal_damaged_total"), 0);
      assert.equal(await metric(next, "switchyard_journal_unrecorded_total"), 0);
      await untilServed(scene);
    });

    test(`what a client saw end is recorded as it ended, even if the server dies at once: ${room}`, async (context) => {
      if (postgres === undefined) return context.skip(NO_POSTGRES);
      await using scene = await setting(context, postgres, room, "refuse");
      if (scene === undefined) return;
      const { clients, load } = scene;
      const streams = await scene.fill(() =>
        [...clients.asked.values()].some(({ end }) => end === "journal_full"),
      );
      clients.point(undefined);
      await clients.stop();
      streams.release();
      await until(() => streams.asked.some(({ end }) => end === "answered"), "the end of a stream");
      await scene.server.stop("SIGKILL");
      await streams.end();
      await postgres.start();
      const next = await scene.startAgain();
      await untilBooked(next);
      assertOneStory(await allExchanges(next), clients, load, isRefused);
    });
  }
});

/** Refused for want of room, or for another reason while there was none: floods of refusals are only counted. */
function isRefused({ end }: Asked): boolean {
  return end === "journal_full" || end === "refused";
}

interface Scene extends AsyncDisposable {
  server: TestProcess;
  readonly clients: Clients;
  readonly load: LoadScript;
  readonly key: string;
  /** Takes the database away, lets streams begin, and asks until it is so. */
  fill(isFull: () => boolean | Promise<boolean>): Promise<Streams>;
  startAgain(): Promise<TestProcess>;
  /** Checks that just those without a row are counted as unrecorded. @returns how many they are */
  countUnrecorded(): Promise<number>;
}

interface Streams {
  /** By now under way. */
  readonly asked: Asked[];
  release(): void;
  /** When they are over. */
  end(): Promise<Asked[]>;
}

async function setting(
  context: TestContext,
  postgres: OwnPostgres,
  room: "a full disk" | "a small storage.journal.limit",
  onFull: "refuse" | "serve",
): Promise<Scene | undefined> {
  const data = await ownData(false);
  await using cleanup = new AsyncDisposableStack();
  // Whatever a test did before it failed.
  cleanup.defer(() => postgres.start());
  if (room === "a full disk") {
    const folder = path.join(data, "journal");
    await mkdir(folder);
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", folder], {
      encoding: "utf8",
    });
    if (mounted.status !== 0) {
      context.skip(`a small disk cannot be mounted here: ${mounted.stderr ?? "no mount"}`);
      return undefined;
    }
    cleanup.defer(() => void spawnSync("umount", ["-l", folder]));
  }
  const load = loadScript();
  const engine = cleanup.use(await Engine.start((request, response) => load.script(request, response)));
  const limit = room === "a full disk" ? "" : `, ${SMALL_LIMIT}`;
  const options = {
    data,
    env: { TEST_DATABASE: await postgres.createDatabase() },
    config: configOn(engine.url, `{ database: env:TEST_DATABASE, journal: { onFull: ${onFull}${limit} } }`),
  };
  const server = await startProcess(options);
  const key = await server.key();
  const clients = new Clients([key, await server.key({ tenant: "globex" })]);
  clients.point(server.url);
  const all = cleanup.move();
  const scene: Scene = {
    server,
    clients,
    load,
    key,
    async fill(isFull) {
      await postgres.stop();
      let release = (): void => {};
      load.hold = new Promise((resolve) => (release = resolve));
      const asked = Array.from({ length: STREAMS }, () => clients.ask("stream", key));
      await until(
        () =>
          clients.asked.size === STREAMS && [...clients.asked.values()].every(({ id }) => id !== undefined),
        "the streams' heads",
      );
      const underWay = [...clients.asked.values()];
      load.hold = undefined;
      clients.start();
      await until(isFull, "the end of the room");
      return {
        asked: underWay,
        release,
        end() {
          release();
          return Promise.all(asked);
        },
      };
    },
    async startAgain() {
      scene.server = await startProcess(options);
      clients.point(scene.server.url);
      return scene.server;
    },
    async countUnrecorded() {
      await clients.stop();
      await untilBooked(scene.server);
      const rows = await allExchanges(scene.server);
      // What has no record is not told by its client's kind of end alone: with `serve` it was answered.
      const missing = assertOneStory(rows, clients, load, (asked) => onFull === "serve" || isRefused(asked));
      await assertUsageIsTheSum(scene.server, rows);
      assert.equal(await metric(scene.server, "switchyard_journal_unrecorded_total"), missing.length);
      assert.equal(await metric(scene.server, "switchyard_journal_damaged_total"), 0);
      assert.equal(await metric(scene.server, "switchyard_journal_rejected_total"), 0);
      assert.equal(clients.broken, 0);
      return missing.length;
    },
    async [Symbol.asyncDispose]() {
      await clients.stop();
      await scene.server[Symbol.asyncDispose]();
      await all.disposeAsync();
    },
  };
  return scene;
}

/** Exchanges are served and recorded again, one after the other. */
async function untilServed({ clients, key, server }: Scene): Promise<void> {
  await until(async () => (await metric(server, "switchyard_journal_full")) === 0, "room in the journal");
  await until(async () => (await clients.ask("plain", key)).end === "answered", "an answer");
}
