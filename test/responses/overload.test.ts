import assert from "node:assert/strict";
import test from "node:test";
import { sql } from "kysely";
import { AppError } from "../../src/core/errors.ts";
import { DatabaseResponses } from "../../src/gateway/responses/response-store.ts";
import type { StoredResponse } from "../../src/gateway/responses/stored-response.ts";
import type { Database } from "../../src/storage/database.ts";
import { onBothDatabases, type Subject } from "../ledger/support.ts";
import { nativeAnswer, nativeResponse, post, saying, startSetup } from "./setup.ts";
import { plain } from "../support/engine.ts";

/** Small requests that name much, and upstreams whose ids are not what they should be. */

const MEGABYTE = 1_000_000;

test("a conversation that grew too long is refused in words, and the gateway goes on", async () => {
  await using setup = await startSetup();
  let previous: string | undefined;
  let turns = 0;
  for (; turns < 10; turns++) {
    const body = { model: "native", input: "x".repeat(20 * MEGABYTE), previous_response_id: previous };
    const reply = await post(setup, JSON.stringify(body));
    if (reply.status !== 200) {
      assert.deepEqual([reply.status, reply.code], [400, "context_overflow"], reply.text.slice(0, 300));
      assert.match(reply.message, /begin another conversation/);
      break;
    }
    previous = (JSON.parse(reply.text) as { id: string }).id;
    setup.native.seen.length = 0;
  }
  assert.equal(turns, 7);
  assert.equal((await post(setup, '{"model":"native","input":"hi"}')).status, 200);
});

test("an item that is named again and again is no way to a body of any length", async () => {
  await using setup = await startSetup();
  const [item = {}] = saying("y".repeat(MEGABYTE));
  setup.native.script = nativeAnswer([{ ...item, id: "msg_long" }]);
  assert.equal((await post(setup, '{"model":"native","input":"hi"}')).status, 200);
  setup.native.seen.length = 0;
  const input = Array.from({ length: 100_000 }, () => ({ type: "item_reference", id: "msg_long" }));
  const reply = await post(setup, JSON.stringify({ model: "native", input }));
  assert.deepEqual([reply.status, reply.code], [400, "context_overflow"], reply.text.slice(0, 300));
  assert.equal(setup.native.seen.length, 0);
});

function turn(id: string, previousId?: string, changes: Partial<StoredResponse> = {}): StoredResponse {
  const body = JSON.stringify({ id, output: [] });
  return {
    tenant: "acme",
    id,
    previousId,
    sensitivity: "internal",
    createdAtMs: Date.now(),
    input: "[]",
    body,
    ...changes,
  };
}

async function opened(database: Database): Promise<{ store: DatabaseResponses } & AsyncDisposable> {
  await sql`truncate stored_response cascade`.execute(database.tables);
  const store = new DatabaseResponses({ database, retention: () => 30, onTrouble: () => {} });
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

/** A database that takes nothing while it is away, and can be read. */
function readOnly(database: Database): Database {
  const refused = (): never => {
    throw Object.assign(new Error("away"), { code: "ECONNREFUSED" });
  };
  const tables = database.tables.withPlugin({
    transformQuery: ({ node }) => (node.kind === "InsertQueryNode" ? refused() : node),
    transformResult: async ({ result }) => result,
  });
  return { ...database, tables };
}

/** An answer that is none: whoever asked is told that it is not there, or too much. */
async function isNone(answer: Promise<unknown>): Promise<boolean> {
  try {
    return (await answer) === undefined;
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    return error.code === "context_overflow";
  }
}

function cases({ name, database }: Subject): void {
  test(`${name}: responses that follow themselves come to an end`, async () => {
    for (const given of [database, readOnly(database)]) {
      await using it = await opened(given);
      await it.store.keep(turn("resp_1", "resp_1"));
      await it.store.keep(turn("resp_2", "resp_3"));
      await it.store.keep(turn("resp_3", "resp_2"));
      for (const id of ["resp_1", "resp_2", "resp_3"])
        assert.ok(await isNone(it.store.chain("acme", id)), id);
    }
  });

  test(`${name}: of a conversation that is too long not all is read`, async () => {
    await using it = await opened(database);
    await sql`
      insert into stored_response (tenant, id, previous_id, created_at, sensitivity, input, body)
      select 'acme', 'resp_' || n, case when n > 0 then 'resp_' || n - 1 end, now(), 'internal',
        '["' || repeat('z', ${30 * MEGABYTE}) || '"]', '{"output":[]}'
      from generate_series(0, 5) n`.execute(database.tables);
    assert.equal((await it.store.chain("acme", "resp_3"))?.length, 4);
    await assert.rejects(it.store.chain("acme", "resp_5"), { code: "context_overflow" });
  });

  test(`${name}: what the database cannot take stands in nobody's way`, async () => {
    await using it = await opened(database);
    await it.store.keep(turn("resp_\u0000"));
    const long = Array.from({ length: 20_000 }, (_, index) => index.toString(36)).join("");
    await it.store.keep(turn(long));
    await it.store.keep(turn("resp_1"));
    assert.equal((await it.store.get("acme", "resp_1"))?.id, "resp_1");
    await it.store.close();
    const { rows } = await sql<{ id: string }>`select id from stored_response`.execute(database.tables);
    assert.deepEqual(rows, [{ id: "resp_1" }]);
  });
}

await onBothDatabases(cases);

test("an upstream that gives every response the same id ends conversations, and nothing else", async () => {
  await using setup = await startSetup();
  setup.native.script = (_request, response) =>
    plain(response, 200, JSON.stringify({ ...nativeResponse(saying("Hello")), id: "resp_same" }));
  const first = await post(setup, '{"model":"native","input":"hi"}');
  assert.equal(first.status, 200);
  const on = '{"model":"native","input":"more","previous_response_id":"resp_same"}';
  assert.equal((await post(setup, on)).status, 200);
  assert.equal((await post(setup, '{"model":"sim","input":"hi"}')).status, 200);
});
