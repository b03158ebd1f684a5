import assert from "node:assert/strict";
import { cp, mkdir } from "node:fs/promises";
import path from "node:path";
import test, { type TestContext } from "node:test";
import { sql } from "kysely";
import { Ledger } from "../../src/budget/ledger/ledger.ts";
import type { StoredExchange } from "../../src/budget/ledger/exchange-query.ts";
import { exchangeView } from "../../src/control/exchange-view.ts";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import type { Database } from "../../src/storage/database.ts";
import { openDatabase } from "../../src/storage/open.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { JournalRecorder, type ExchangeRecorder } from "../../src/telemetry/recorder.ts";
import { chunk, DONE, Engine, failing, FINISH, sse } from "../support/engine.ts";
import { startGateway, targetsOn, type TestGateway } from "../support/gateway.ts";
import { costs, loadScript, ownData, until } from "./support.ts";

const YEAR = 365 * 86_400_000;
/** So many are asked while the database is busy. */
const MEANWHILE = 60;

test("while the embedded database works at a long query, exchanges and streams go on, and all are booked afterwards", async (context) => {
  const load = loadScript();
  const engine = await engineOf(context, load.script);
  const scene = await setting(context, engine.url, systemClock);
  const { database, gateway } = scene;
  let isBusy = true;
  const busy = sql<{ count: string }>`select count(*) from generate_series(1, 30000000)`
    .execute(database.tables)
    .then(({ rows }) => {
      isBusy = false;
      return rows[0]?.count;
    });
  const ids: string[] = [];
  for (let one = 0; one < MEANWHILE; one++) {
    const body = { model: "one", max_tokens: 5, stream: one % 2 === 0, messages: [message("hello")] };
    const answer = await gateway.chat(body);
    assert.equal(answer.status, 200);
    const text = await answer.text();
    assert.ok(one % 2 === 1 || text.endsWith(DONE));
    ids.push(answer.headers.get("x-switchyard-exchange") ?? "");
  }
  assert.ok(isBusy, "the query is too short for this machine");
  assert.equal(await busy, "30000000");
  await scene.booked();
  const { exactNano } = costs("one", "", 5);
  for (const id of ids) {
    const row = await scene.row(id);
    assert.equal(row.status, "answered");
    assert.equal(row.cost_nano, String(exactNano));
  }
});

test("whatever the host's clock says, exchanges are found by id and in their own time, and none takes a negative time", async (context) => {
  const load = loadScript();
  const engine = await engineOf(context, load.script);
  const clock = new JumpingClock();
  const scene = await setting(context, engine.url, clock);
  const asked: { readonly id: string; readonly atMs: number }[] = [];
  for (const years of [0, 5, -5, 30, -20, 0.01, -0.01, 0]) {
    clock.jumpTo(years * YEAR);
    const atMs = clock.now();
    const answer = await scene.gateway.chat({
      model: "one",
      max_tokens: 5,
      messages: [message("hello")],
    });
    await answer.text();
    asked.push({ id: answer.headers.get("x-switchyard-exchange") ?? "", atMs });
  }
  await scene.booked();
  for (const { id, atMs } of asked) {
    const row = await scene.row(id);
    assert.ok(Math.abs(row.started_at.getTime() - atMs) < 60_000);
    assert.ok(row.duration_ms >= 0 && row.duration_ms < 60_000);
    const near = await scene.ledger.usage.ask({
      by: ["target", "hour"],
      sinceMs: atMs - 3_600_000,
      untilMs: atMs + 3_600_000,
      filters: {},
      limit: 10,
    });
    const there = asked.filter((other) => Math.abs(other.atMs - atMs) < 60_000).length;
    assert.equal(near.total.exchanges, BigInt(there));
  }
  assert.equal(scene.ledger.rejected, 0);
});

test("a clock that jumps during an exchange changes nothing of what it took", async (context) => {
  for (const years of [3, -3]) {
    const clock = new JumpingClock();
    const engine = await engineOf(context, async (_request, response) => {
      sse(response);
      response.write(chunk("one "));
      clock.jumpTo(years * YEAR);
      response.end(chunk("two") + FINISH + DONE);
    });
    const scene = await setting(context, engine.url, clock);
    const answer = await scene.gateway.chat({ model: "one", stream: true, messages: [message("hello")] });
    assert.ok((await answer.text()).endsWith(DONE));
    await scene.booked();
    const row = await scene.row(answer.headers.get("x-switchyard-exchange") ?? "");
    assert.equal(row.status, "answered");
    assert.ok(row.duration_ms >= 0 && row.duration_ms < 60_000);
  }
});

test("a clock that jumps between two attempts loses no record, and no attempt begins before its exchange or after its end", async (context) => {
  for (const years of [3, -3]) {
    const clock = new JumpingClock();
    const good = loadScript().script;
    const engine = await engineOf(context, (request, response) => {
      if (!request.raw.toString().includes("one-up")) return good(request, response);
      clock.jumpTo(years * YEAR);
      return failing(500)(request, response);
    });
    const scene = await setting(context, engine.url, clock);
    const body = { model: "both", max_tokens: 5, messages: [message("hello")] };
    const answer = await scene.gateway.chat(body);
    assert.equal(answer.headers.get("x-switchyard-target"), "two");
    await scene.booked();
    assert.equal(scene.ledger.rejected, 0, `refused by the database after a jump of ${years} years`);
    const id = answer.headers.get("x-switchyard-exchange") ?? "";
    const { attempts, startedAt, endedAt } = exchangeView(await scene.row(id));
    assert.equal(attempts.length, 2);
    for (const attempt of attempts)
      assert.ok(
        attempt.startedAt >= startedAt && attempt.startedAt <= endedAt,
        `an attempt begins at ${attempt.startedAt}`,
      );
  }
});

test("exchanges that were under way at a kill are booked as killed, though the clock had jumped for years", async (context) => {
  for (const years of [3, -3]) {
    const clock = new JumpingClock();
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const engine = await engineOf(context, async (request, response) => {
      if (!request.raw.toString().includes("stream")) return loadScript().script(request, response);
      sse(response);
      response.write(chunk("one "));
      await released;
      response.end(FINISH + DONE);
    });
    const scene = await setting(context, engine.url, clock);
    const stream = await scene.gateway.chat({ model: "one", stream: true, messages: [message("hello")] });
    const id = stream.headers.get("x-switchyard-exchange") ?? "";
    clock.jumpTo(years * YEAR);
    const other = await scene.gateway.chat({ model: "one", max_tokens: 5, messages: [message("hello")] });
    await other.text();
    clock.jumpTo(0);
    // What a kill would leave behind.
    const data = await ownData(true);
    await mkdir(path.join(data, "journal"), { recursive: true });
    await cp(path.join(scene.data, "journal"), path.join(data, "journal"), { recursive: true });
    release();
    await stream.text();

    const next = await openLedger(context, data, clock);
    await until(() => next.ledger.shipper.settle(1_000), "the booking");
    assert.equal(next.ledger.rejected, 0, `refused by the database after a jump of ${years} years`);
    const row = await next.ledger.exchanges.find(id);
    assert.equal(row?.status, "killed");
    assert.equal(row.estimated, true);
    assert.ok(row.duration_ms >= 0);
  }
});

/** Its wall clock jumps, its monotonic one goes on. */
class JumpingClock implements Clock {
  #byMs = 0;

  jumpTo(byMs: number): void {
    this.#byMs = Math.round(byMs);
  }

  now(): number {
    return Date.now() + this.#byMs;
  }

  monotonic(): number {
    return performance.now();
  }
}

interface Opened {
  readonly data: string;
  readonly database: Database;
  readonly ledger: Ledger;
}

interface Scene extends Opened {
  readonly gateway: TestGateway;
  booked(): Promise<void>;
  row(id: string): Promise<StoredExchange>;
}

async function engineOf(context: TestContext, script: Engine["script"]): Promise<Engine> {
  const engine = await Engine.start(script);
  context.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** A gateway in this process that records in a ledger. */
async function setting(context: TestContext, engineUrl: string, clock: Clock): Promise<Scene> {
  const opened = await openLedger(context, await ownData(true), clock);
  const { ledger } = opened;
  const recorder = new JournalRecorder({
    journal: ledger.journal,
    onFull: () => "refuse",
    onRecord: () => {},
    onUnrecorded: () => assert.fail("the journal is full"),
  });
  // The test gateway's hash is no hash.
  const configHash = "00".repeat(32);
  const hashed: ExchangeRecorder = {
    opened: (record, decision, go) => recorder.opened({ ...record, configHash }, decision, go),
    closed: (record, decision, mark, told) =>
      recorder.closed({ ...record, configHash }, decision, mark, told),
  };
  const tasks = "tasks:\n  both: { targets: [one, two] }\n";
  const gateway = await startGateway(targetsOn(engineUrl, ["one", "two"]) + tasks, {
    clock,
    recorder: hashed,
  });
  context.after(() => gateway[Symbol.asyncDispose]());
  return {
    ...opened,
    gateway,
    async booked() {
      await until(() => gateway.gateway.inFlight === 0, "the end of what is under way");
      ledger.journal.flush();
      await until(() => ledger.shipper.settle(1_000), "the booking");
    },
    async row(id) {
      const row = await ledger.exchanges.find(id);
      assert.ok(row !== undefined, `${id} is not in the ledger`);
      return row;
    },
  };
}

async function openLedger(context: TestContext, data: string, clock: Clock): Promise<Opened> {
  const database = await openDatabase({ database: "embedded", data, onError: () => {} });
  const ledger = await Ledger.open({
    data,
    database,
    fsync: "group",
    limitBytes: 1024 ** 3,
    retention: { exchanges: 90, usage: 400 },
    clock,
    log: createLog("text", () => {}),
    onKilled: () => {},
  });
  context.after(async () => {
    await ledger.close(5_000);
    await database.close();
  });
  return { data, database, ledger };
}

function message(content: string): object {
  return { role: "user", content };
}
