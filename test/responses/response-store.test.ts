import assert from "node:assert/strict";
import test from "node:test";
import { sql } from "kysely";
import { DatabaseResponses } from "../../src/gateway/responses/response-store.ts";
import type { StoredResponse } from "../../src/gateway/responses/stored-response.ts";
import type { Database } from "../../src/storage/database.ts";
import { DAY_MS, onBothDatabases, type Subject } from "../ledger/support.ts";
import { until } from "../support/gateway.ts";

function turn(id: string, previousId?: string, changes: Partial<StoredResponse> = {}): StoredResponse {
  const body = JSON.stringify({ id, output: [{ said: id }] });
  return {
    tenant: "acme",
    id,
    previousId,
    createdAtMs: Date.now(),
    sensitivity: "internal",
    input: `["${id}"]`,
    body,
    ...changes,
  };
}

interface Opened extends AsyncDisposable {
  readonly store: DatabaseResponses;
  readonly troubles: (Error | number)[];
}

async function opened(database: Database): Promise<Opened> {
  await sql`truncate stored_response cascade`.execute(database.tables);
  const troubles: (Error | number)[] = [];
  const store = new DatabaseResponses({
    database,
    retention: () => 30,
    onTrouble: (error, givenUp) => troubles.push(error ?? givenUp),
  });
  return { store, troubles, [Symbol.asyncDispose]: () => store.close() };
}

async function ids(store: DatabaseResponses, tenant: string, id: string): Promise<string[] | undefined> {
  return (await store.chain(tenant, id))?.map((one) => one.id);
}

/** The same database, whose queries fail while it is away. */
function failing(database: Database, isAway: () => boolean): Database {
  const refused = (): never => {
    throw Object.assign(new Error("away"), { code: "ECONNREFUSED" });
  };
  const tables = database.tables.withPlugin({
    transformQuery: ({ node }) => (isAway() ? refused() : node),
    transformResult: async ({ result }) => result,
  });
  return { ...database, tables };
}

function cases({ name, database, another }: Subject): void {
  test(`${name}: a response that is kept is found by its tenant as it was, and by nobody else`, async () => {
    await using it = await opened(database);
    const first = turn("resp_1", undefined, {
      body: '{"text":"é\\u0000\\ud800 😀"}',
      createdAtMs: 1_700_000_000_123,
    });
    await it.store.keep(first);
    assert.deepEqual(await it.store.get("acme", "resp_1"), first);
    assert.equal(await it.store.get("globex", "resp_1"), undefined);
    assert.equal(await it.store.chain("globex", "resp_1"), undefined);
    assert.equal(await it.store.delete("globex", "resp_1"), false);
    assert.deepEqual(await it.store.get("acme", "resp_1"), first);
  });

  test(`${name}: two tenants may have responses of one id, and each resumes its own`, async () => {
    await using it = await opened(database);
    await it.store.keep(turn("a", undefined, { input: '["acme says"]' }));
    await it.store.keep(turn("a", undefined, { tenant: "globex", input: '["globex says"]' }));
    await it.store.keep(turn("b", "a", { tenant: "globex" }));
    const inputs = (await it.store.chain("globex", "b"))?.map(({ input }) => input);
    assert.deepEqual(inputs, ['["globex says"]', '["b"]']);
  });

  test(`${name}: a chain is told oldest first, branches apart, and not at all where one of it is gone`, async () => {
    await using it = await opened(database);
    for (const one of [turn("a"), turn("b", "a"), turn("c", "b"), turn("other", "b")])
      await it.store.keep(one);
    assert.deepEqual(await ids(it.store, "acme", "c"), ["a", "b", "c"]);
    assert.deepEqual(await ids(it.store, "acme", "other"), ["a", "b", "other"]);
    assert.equal(await it.store.delete("acme", "b"), true);
    assert.equal(await it.store.delete("acme", "b"), false);
    assert.equal(await ids(it.store, "acme", "c"), undefined);
    assert.deepEqual(await ids(it.store, "acme", "a"), ["a"]);
  });

  test(`${name}: responses that name each other in a circle are no chain`, async () => {
    await using it = await opened(database);
    for (const one of [turn("a", "b"), turn("b", "a")]) await it.store.keep(one);
    assert.equal(await ids(it.store, "acme", "a"), undefined);
  });

  test(`${name}: items of outputs are found by their ids, by their tenant, and go with their response`, async () => {
    await using it = await opened(database);
    const output = [
      { id: "msg_1", said: "a" },
      { id: "rs_1" },
      { said: "nameless" },
      { id: "msg_1", said: "b" },
    ];
    await it.store.keep(turn("a", undefined, { body: JSON.stringify({ id: "a", output }) }));
    await it.store.keep(turn("b", undefined, { tenant: "globex", body: '{"output":[{"id":"msg_2"}]}' }));
    const named = ["msg_1", "rs_1", "msg_2", "unknown"];
    assert.deepEqual([...(await it.store.items("acme", named)).keys()].toSorted(), ["msg_1", "rs_1"]);
    assert.deepEqual([...(await it.store.items("globex", named)).keys()], ["msg_2"]);
    await it.store.delete("acme", "a");
    assert.equal((await it.store.items("acme", named)).size, 0);
  });

  test(`${name}: names of items that stand for more than a conversation may hold are refused, and not read`, async () => {
    await using it = await opened(database);
    const names = ["a", "b", "c", "d", "e"];
    for (const id of names) {
      await it.store.keep(turn(id, undefined, { body: `{"output":[{"id":"msg_${id}"}]}` }));
      await sql`
        update stored_response set body = ${`{"output":[{"id":"msg_${id}"}],"instructions":"`} || repeat('x', 30000000) || '"}'
        where id = ${id}`.execute(database.tables);
    }
    const all = names.map((id) => `msg_${id}`);
    await assert.rejects(it.store.items("acme", all), { code: "context_overflow" });
    assert.equal((await it.store.items("acme", ["msg_a"])).size, 1);
  });

  test(`${name}: what is older than the retention is forgotten`, async () => {
    await using it = await opened(database);
    await it.store.keep(turn("old", undefined, { createdAtMs: Date.now() - 31 * DAY_MS }));
    await it.store.keep(turn("young", undefined, { createdAtMs: Date.now() - 29 * DAY_MS }));
    assert.equal(await it.store.prune(30), 1);
    assert.equal(await it.store.get("acme", "old"), undefined);
    assert.notEqual(await it.store.get("acme", "young"), undefined);
  });

  test(`${name}: what the database does not take is found meanwhile, chains too, and written when it is back`, async () => {
    let isAway = false;
    await using it = await opened(failing(database, () => isAway));
    await it.store.keep(turn("a"));
    isAway = true;
    await it.store.keep(turn("b"));
    await it.store.keep(turn("c", "b"));
    assert.equal(it.troubles.length, 1, "trouble is told once");
    assert.deepEqual(await ids(it.store, "acme", "c"), ["b", "c"]);
    await assert.rejects(it.store.get("acme", "a"));
    isAway = false;
    await it.store.keep(turn("d", "c"));
    assert.deepEqual(await ids(it.store, "acme", "d"), ["b", "c", "d"]);
    const plain = new DatabaseResponses({ database, retention: () => 30, onTrouble: () => {} });
    assert.deepEqual(await ids(plain, "acme", "d"), ["b", "c", "d"]);
    await plain.close();
  });

  test(`${name}: what waits is written by itself when the database is back`, async () => {
    let isAway = true;
    await using it = await opened(database);
    const store = new DatabaseResponses({
      database: failing(database, () => isAway),
      retention: () => 30,
      onTrouble: () => {},
    });
    await store.keep(turn("waits"));
    assert.equal(await it.store.get("acme", "waits"), undefined);
    isAway = false;
    let found: StoredResponse | undefined;
    void (async () => {
      while (found === undefined) found = await it.store.get("acme", "waits");
    })();
    await until(() => found, "the response");
    await store.close();
  });

  test(`${name}: what no database takes is given up after being told, and does not hold up the others`, async () => {
    await using it = await opened(database);
    await it.store.keep(turn("poison", undefined, { body: "a\u0000b" }));
    await it.store.keep(turn("good"));
    assert.notEqual(await it.store.get("acme", "good"), undefined);
    const [why, givenUp] = it.troubles;
    assert.ok(why instanceof Error);
    assert.deepEqual([givenUp, it.troubles.length], [1, 2]);
  });

  if (another !== undefined) {
    test(`${name}: another node finds what one has kept`, async () => {
      await using it = await opened(database);
      await it.store.keep(turn("shared"));
      const elsewhere = new DatabaseResponses({
        database: await another(),
        retention: () => 30,
        onTrouble: () => {},
      });
      assert.notEqual(await elsewhere.get("acme", "shared"), undefined);
      await elsewhere.close();
    });
  }
}

await onBothDatabases(cases);
