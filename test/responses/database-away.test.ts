import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI, { type APIError } from "openai";
import { NO_POSTGRES, ownData, ownPostgres, pause, until, type OwnPostgres } from "../recording/support.ts";
import { Engine } from "../support/engine.ts";
import { startProcess, type TestProcess } from "../support/process.ts";
import { failureOf, nativeAnswer } from "./setup.ts";

/** The whole program with a real database: what is kept in it, and what clients see while it is away. */

const HELLO = { model: "sim", input: "hi" };

interface Scene extends AsyncDisposable {
  readonly server: TestProcess;
  readonly client: OpenAI;
  readonly native: Engine;
  readonly data: string;
}

async function scene(storage: string, env: Record<string, string> = {}, data?: string): Promise<Scene> {
  const cleanup = new AsyncDisposableStack();
  const native = cleanup.use(await Engine.start(nativeAnswer()));
  const config = `storage: ${storage}
providers:
  sim: { kind: simulator, firstToken: 1ms, tokensPerSecond: 100000 }
  nat: { kind: openai-compatible, baseUrl: "${native.url}", vendor: openai, responses: pass }
targets:
  sim: { provider: sim, model: sim-small, tier: small, price: { input: 1, output: 2 } }
  native: { provider: nat, model: gpt-5, tier: small, price: { input: 1, output: 2 } }
tenants:
  acme: { tasks: ["*"] }
`;
  const folder = data ?? (await ownData(storage === "{}"));
  const server = await startProcess({ data: folder, env, config }).catch(async (error: unknown) => {
    await cleanup.disposeAsync();
    throw error;
  });
  cleanup.use(server);
  const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: await server.key(), maxRetries: 0 });
  return {
    server,
    client,
    native,
    data: folder,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

function onTo({ client }: Scene, previous_response_id: string): Promise<OpenAI.Responses.Response> {
  return client.responses.create({ ...HELLO, previous_response_id });
}

async function assertOddIdsAreNotThere(it: Scene): Promise<void> {
  const odd = ["resp_\u0000", "\u0000", "resp_".padEnd(10_000, "a"), "x' or '1'='1"];
  for (const id of odd) {
    const error = await failureOf(onTo(it, id));
    assert.deepEqual([error.status, error.code], [400, "invalid_request"], JSON.stringify(id.slice(0, 20)));
    const named = it.client.responses.create({ ...HELLO, input: [{ type: "item_reference", id }] });
    const refused = await failureOf(named);
    assert.deepEqual(
      [refused.status, refused.code],
      [400, "invalid_request"],
      JSON.stringify(id.slice(0, 20)),
    );
  }
  for (const path of ["%00", "resp_%00", "%F0%9F%98%80"])
    for (const method of ["GET", "DELETE"]) {
      const answer = await it.client.request({ method, path: `/responses/${path}` } as never).then(
        () => 200,
        (error: unknown) => (error as APIError).status,
      );
      assert.ok(answer === 404 || answer === 400, `${method} ${path}: ${answer}`);
    }
}

async function assertManyReferencesAreRefused({ client }: Scene): Promise<void> {
  const input = Array.from({ length: 70_000 }, (_, index) => ({
    type: "item_reference" as const,
    id: `msg_${index}`,
  }));
  const error = await failureOf(client.responses.create({ ...HELLO, input }));
  assert.deepEqual([error.status, error.code], [400, "invalid_request"]);
}

test("embedded: a conversation outlives the program, and odd ids are only ids that are not there", async () => {
  let id: string;
  let data: string;
  {
    await using it = await scene("{}");
    const first = await it.client.responses.create({ ...HELLO, input: "we say \u0000" });
    const second = await onTo(it, first.id);
    await assertOddIdsAreNotThere(it);
    await assertManyReferencesAreRefused(it);
    ({ id } = second);
    ({ data } = it);
    assert.equal(await it.server.stop(), 0);
  }
  await using it = await scene("{}", {}, data);
  const third = await onTo(it, id);
  assert.equal(third.previous_response_id, id);
  assert.equal((await it.client.responses.retrieve(id)).id, id);
});

test("embedded: what is kept is kept when the client sees the end, also where the program is killed then", async () => {
  let id: string;
  let data: string;
  {
    await using it = await scene("{}");
    ({ id } = await it.client.responses.stream(HELLO).finalResponse());
    await it.server.stop("SIGKILL");
    ({ data } = it);
  }
  await using it = await scene("{}", {}, data);
  assert.equal((await it.client.responses.retrieve(id)).id, id);
});

describe("PostgreSQL", () => {
  let postgres: OwnPostgres | undefined;
  before(async () => void (postgres = await ownPostgres()));
  after(async () => postgres?.[Symbol.asyncDispose]());
  const storage = "{ database: env:TEST_DATABASE }";

  test("odd ids are only ids that are not there", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    await using it = await scene(storage, { TEST_DATABASE: await postgres.createDatabase() });
    await assertOddIdsAreNotThere(it);
    await assertManyReferencesAreRefused(it);
  });

  test("200 conversations at once on two nodes find at once what their node kept, and soon what the other did", async (context) => {
    if (postgres === undefined) return context.skip(NO_POSTGRES);
    const env = { TEST_DATABASE: await postgres.createDatabase() };
    await using one = await scene(storage, env);
    await using two = await scene(storage, env);
    const other = two.client.withOptions({ apiKey: await two.server.key() });
    const clients = [one.client, other];
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const here = clients[index % 2] ?? one.client;
        const there = clients[(index + 1) % 2] ?? one.client;
        const first = await here.responses.create(HELLO);
        const second = await here.responses.create({ ...HELLO, previous_response_id: first.id });
        assert.equal((await here.responses.retrieve(second.id)).previous_response_id, first.id);
        // A database that is slower than a client's patience has it a little later.
        const read = (): Promise<OpenAI.Responses.Response | undefined> =>
          there.responses.retrieve(second.id).catch(() => undefined);
        await until(async () => (await read())?.previous_response_id === first.id, "the response");
      }),
    );
  });

  for (const how of ["frozen", "stopped"] as const) {
    test(`while it is ${how} replies come, 503 tells what must be read, and what waited is kept afterwards`, async (context) => {
      if (postgres === undefined) return context.skip(NO_POSTGRES);
      const env = { TEST_DATABASE: await postgres.createDatabase() };
      await using it = await scene(storage, env);
      const before_ = await it.client.responses.create(HELLO);
      await (how === "frozen" ? postgres.freeze() : postgres.stop());
      let first: OpenAI.Responses.Response;
      let second: OpenAI.Responses.Response;
      try {
        first = await it.client.responses.create({ model: "native", input: "while away" });
        assert.equal(first.status, "completed");
        const streamed = await it.client.responses.stream(HELLO).finalResponse();
        assert.equal(streamed.status, "completed");
        // What waits is found, because no database is needed for it.
        second = await onTo(it, first.id);
        assert.equal((await it.client.responses.retrieve(second.id)).id, second.id);
        const sent = it.native.seen.length;
        const needing: (() => Promise<unknown>)[] = [
          () => onTo(it, before_.id),
          () => it.client.responses.create({ model: "native", input: "x", previous_response_id: before_.id }),
          () => it.client.responses.stream({ ...HELLO, previous_response_id: before_.id }).finalResponse(),
          () => it.client.responses.retrieve(before_.id),
          () => it.client.responses.inputItems.list(before_.id).asResponse(),
          () => it.client.responses.delete(before_.id),
        ];
        const errors = await Promise.all(needing.map((need) => failureOf(need())));
        for (const error of errors) {
          assert.deepEqual(
            [error.status, error.code, error.type],
            [503, "database_unavailable", "server_error"],
          );
          assert.equal(error.headers?.get("retry-after"), "5");
        }
        assert.equal(it.native.seen.length, sent, "nothing was sent for what was refused");
      } finally {
        await (how === "frozen" ? postgres.wake() : postgres.start());
      }
      await until(
        () =>
          onTo(it, before_.id).then(
            () => true,
            () => false,
          ),
        "the database",
      );
      await pause(2_000);
      assert.equal(await it.server.stop(), 0);
      await using next = await scene(storage, env, it.data);
      assert.equal((await onTo(next, second.id)).previous_response_id, second.id);
    });
  }
});
