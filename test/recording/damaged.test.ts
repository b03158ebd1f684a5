import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Engine } from "../support/engine.ts";
import { startProcess } from "../support/process.ts";
import {
  allExchanges,
  assertUsageIsTheSum,
  Clients,
  configOn,
  loadScript,
  metric,
  NO_POSTGRES,
  ownData,
  ownPostgres,
  untilBooked,
  type Asked,
  type OwnPostgres,
} from "./support.ts";

const SEGMENT = "0000000001.journal";
const LF = 0x0a;

describe("a journal that is damaged while the server is down", () => {
  let postgres: OwnPostgres | undefined;
  before(async () => void (postgres = await ownPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());

  test("is booked as far as it is whole, named where it is not, and kept; whose end was hit was killed", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    const load = loadScript();
    await using engine = await Engine.start((request, response) => load.script(request, response));
    const options = {
      data: await ownData(false),
      env: { TEST_DATABASE: postgres.url },
      config: configOn(engine.url, "{ database: env:TEST_DATABASE }"),
    };
    await using cleanup = new AsyncDisposableStack();
    const first = cleanup.use(await startProcess(options));
    const key = await first.key();
    const clients = new Clients([key]);
    await postgres.stop();
    const asked: Asked[] = [];
    for (let one = 0; one < 60; one++)
      asked.push(await clients.ask(one % 3 === 0 ? "stream" : "plain", key, first.url));
    assert.ok(asked.every(({ end }) => end === "answered"));
    await first.stop("SIGKILL");

    const file = path.join(options.data, "journal", SEGMENT);
    const bytes = await readFile(file);
    const expected: string[] = [];
    const killed: (string | undefined)[] = [];
    const damage = (offset: number, length: number): void =>
      void expected.push(`segment=${SEGMENT} offset=${offset} bytes=${length}`);
    // A byte that is no UTF-8 any more: what comes behind must still be found at its place.
    const [high, one, opened, split] = [asked[5], asked[11], asked[20], asked[31]];
    const atHigh = lineOf(bytes, "c", high);
    bytes[atHigh.offset + 60] = (bytes[atHigh.offset + 60] ?? 0) ^ 0x80;
    damage(atHigh.offset, atHigh.length);
    const atOne = lineOf(bytes, "c", one);
    bytes[atOne.offset + atOne.length - 3] = (bytes[atOne.offset + atOne.length - 3] ?? 0) ^ 0x01;
    damage(atOne.offset, atOne.length);
    // An opened line alone is not missed.
    const atOpened = lineOf(bytes, "o", opened);
    bytes[atOpened.offset + 30] = (bytes[atOpened.offset + 30] ?? 0) ^ 0x02;
    damage(atOpened.offset, atOpened.length);
    // A line feed in the middle makes two lines of one.
    const atSplit = lineOf(bytes, "c", split);
    bytes[atSplit.offset + 49] = LF;
    damage(atSplit.offset, 50);
    damage(atSplit.offset + 50, atSplit.length - 50);
    const cut = asked[50];
    const atCut = lineOf(bytes, "c", cut);
    damage(atCut.offset, 100);
    killed.push(high?.id, one?.id, split?.id, cut?.id);
    // Behind the cut nothing is left: those that were opened there never were.
    const lost = new Set(asked.slice(51).map(({ id }) => id));
    const damaged = bytes.subarray(0, atCut.offset + 100);
    await writeFile(file, damaged);

    await postgres.start();
    const next = cleanup.use(await startProcess(options));
    await untilBooked(next);
    const rows = await allExchanges(next);
    assert.deepEqual(
      rows.map(({ id }) => id).toSorted(),
      asked.flatMap(({ id }) => (id === undefined || lost.has(id) ? [] : [id])).toSorted(),
    );
    for (const row of rows) {
      const { exactNano, ceilingNano } = asked.find(({ id }) => id === row.id) ?? assert.fail();
      const isKilled = killed.includes(row.id);
      assert.equal(row.status, isKilled ? "killed" : "answered", row.id);
      assert.equal(row.costNano, String(isKilled ? ceilingNano : exactNano));
      assert.equal(row.estimated, isKilled);
    }
    await assertUsageIsTheSum(next, rows);
    assert.deepEqual(next.stderr().match(/segment=\S+ offset=\d+ bytes=\d+/g), expected);
    assert.equal(await metric(next, "switchyard_journal_damaged_total"), expected.length);
    const kept = `${file}.damaged`;
    assert.ok((await readFile(kept)).equals(damaged));
    assert.ok(!existsSync(file));

    // Named once: the next start has nothing to say.
    assert.equal(await next.stop(), 0);
    const last = cleanup.use(await startProcess(options));
    await untilBooked(last);
    assert.equal((await allExchanges(last)).length, rows.length);
    assert.equal(await metric(last, "switchyard_journal_damaged_total"), 0);
    assert.ok((await readFile(kept)).equals(damaged));
  });
});

/** @param kind  of the line: opened or closed */
function lineOf(
  bytes: Buffer,
  kind: "o" | "c",
  asked: Asked | undefined,
): { readonly offset: number; readonly length: number } {
  for (let offset = 0; offset < bytes.length;) {
    const end = bytes.indexOf(LF, offset) + 1;
    const line = bytes.toString("latin1", offset, end);
    if (line.startsWith(`${kind} `) && line.includes(asked?.id ?? "nothing"))
      return { offset, length: end - offset };
    offset = end;
  }
  throw new Error(`no line ${kind} of ${asked?.id}`);
}
