import assert from "node:assert/strict";
import test from "node:test";
import OpenAI, { type APIError } from "openai";
import type { StoredResponse } from "../../src/gateway/responses/stored-response.ts";
import { MemoryResponses } from "../support/memory-responses.ts";
import { chunk, failing, sse } from "../support/engine.ts";
import { until } from "../support/gateway.ts";
import {
  bodyOf,
  event,
  failureOf,
  nativeAnswer,
  nativeResponse,
  post,
  saying,
  startSetup,
  TARGETS,
  type Setup,
} from "./setup.ts";

/** What is kept between requests, for whom, and what is not. */

const HELLO = { model: "sim", input: "hi" };

/** What a response says of being kept, which the SDK's types leave out. */
function keeps(response: object): unknown {
  return (response as { store?: unknown }).store;
}

test("a response is kept unless the client says not to, from every kind of target", async () => {
  await using setup = await startSetup();
  for (const model of TARGETS) {
    for (const store of [undefined, null, true, false]) {
      setup.kept.all.clear();
      const request = { model, input: "hi", ...(store !== undefined && { store }) };
      const { id } = await setup.client.responses.create(request);
      assert.equal(setup.kept.all.has(`acme ${id}`), store !== false, `${model} ${store}`);
      const streamed = await setup.client.responses.stream(request).finalResponse();
      assert.equal(setup.kept.all.has(`acme ${streamed.id}`), store !== false, `${model} ${store}, streamed`);
    }
  }
  // No provider keeps anything of ours.
  for (const seen of setup.native.seen) assert.equal(bodyOf(seen)["store"], false);
  for (const seen of setup.chat.seen) assert.notEqual(bodyOf(seen)["store"], true);
});

test("a kept response can be read, whole and with what was said to it, until it is deleted", async () => {
  await using setup = await startSetup();
  for (const model of TARGETS) {
    const made = await setup.client.responses.create({ model, input: "hi" });
    const read = await setup.client.responses.retrieve(made.id);
    assert.equal(read.output_text, made.output_text);
    assert.equal(keeps(read), true);
    const { data } = await setup.client.responses.inputItems.list(made.id);
    assert.equal(data.length, 1);
    assert.ok(JSON.stringify(data[0]).includes('"hi"'));
    await setup.client.responses.delete(made.id);
    for (const gone of [
      setup.client.responses.retrieve(made.id),
      setup.client.responses.delete(made.id),
      setup.client.responses.inputItems.list(made.id),
    ])
      assert.equal((await failureOf(gone)).status, 404);
    const error = await failureOf(
      setup.client.responses.create({ model, input: "go on", previous_response_id: made.id }),
    );
    assert.deepEqual([error.status, error.code], [400, "invalid_request"]);
  }
});

test("the items of an input come in pages, in either order, each with an id and a type", async () => {
  await using setup = await startSetup();
  const input = Array.from({ length: 45 }, (_, index) => ({
    role: "user" as const,
    content: `text ${index}`,
  }));
  const { id } = await setup.client.responses.create({ model: "sim", input });
  for (const order of ["asc", "desc"] as const) {
    const texts: string[] = [];
    const ids = new Set<string>();
    for await (const item of setup.client.responses.inputItems.list(id, { limit: 20, order })) {
      assert.equal(item.type, "message");
      ids.add(item.id ?? assert.fail("no id"));
      texts.push(/text \d+/.exec(JSON.stringify(item))?.[0] ?? "");
    }
    const expected = input.map(({ content }) => content);
    assert.deepEqual(texts, order === "asc" ? expected : expected.toReversed());
    assert.equal(ids.size, 45);
  }
  for (const limit of [0, 101, 1.5])
    assert.equal(
      (await failureOf(setup.client.responses.inputItems.list(id, { limit }).asResponse())).status,
      400,
    );
  // An unknown place is no beginning: a reader that goes from page to page would never end.
  const error = await failureOf(
    setup.client.responses.inputItems.list(id, { after: "item_nobody" }).asResponse(),
  );
  assert.equal(error.status, 400);
});

test("nothing is cancelled, because nothing runs in the background", async () => {
  await using setup = await startSetup();
  const { id } = await setup.client.responses.create(HELLO);
  const error = await failureOf(setup.client.responses.cancel(id));
  assert.deepEqual([error.status, error.code], [400, "unsupported_parameter"]);
});

test("another tenant's response is not there, by any way, and says what a made-up id says", async () => {
  await using setup = await startSetup();
  const mine = await setup.client.responses.create(HELLO);
  const other = setup.as({ tenant: "globex" });
  const ways: ((id: string) => Promise<unknown>)[] = [
    (id) => other.responses.retrieve(id),
    (id) => other.responses.inputItems.list(id).asResponse(),
    (id) => other.responses.delete(id),
    (id) => other.responses.create({ ...HELLO, previous_response_id: id }),
    (id) => other.responses.stream({ ...HELLO, previous_response_id: id }).finalResponse(),
    (id) =>
      other.responses.create({
        ...HELLO,
        input: [{ type: "item_reference", id: id === mine.id ? (mine.output[0]?.id ?? "") : id }],
      }),
    (id) => other.responses.inputTokens.count({ ...HELLO, previous_response_id: id }),
  ];
  const unknown = mine.id.replace(/.{4}$/, "ffff");
  const told = (error: APIError, id: string): string =>
    `${error.status} ${error.code} ${error.message}`
      .replaceAll(id, "ID")
      .replaceAll(mine.output[0]?.id ?? "", "ID")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "X");
  for (const way of ways) {
    const theirs = await failureOf(way(mine.id));
    assert.equal(told(theirs, mine.id), told(await failureOf(way(unknown)), unknown));
  }
  assert.equal((await setup.client.responses.retrieve(mine.id)).id, mine.id);
});

test("a key that may act for a tenant finds what it kept for that tenant, and only there", async () => {
  await using setup = await startSetup();
  const actor = setup.as({ rights: { actFor: ["globex"] } });
  const globex = { headers: { "x-switchyard-tenant": "globex" } };
  const { id } = await actor.responses.create(HELLO, globex);
  assert.equal((await failureOf(actor.responses.retrieve(id))).status, 404);
  assert.equal((await actor.responses.retrieve(id, {}, globex)).id, id);
  assert.equal((await setup.as({ tenant: "globex" }).responses.retrieve(id)).id, id);
  const on = { ...HELLO, previous_response_id: id };
  assert.equal((await failureOf(actor.responses.create(on))).status, 400);
  assert.equal((await actor.responses.create(on, globex)).previous_response_id, id);
  for (const call of [
    setup.client.responses.retrieve(id, {}, globex),
    setup.client.responses.delete(id, globex),
    setup.client.responses.create(on, globex),
  ])
    assert.equal((await failureOf(call)).status, 403);
});

test("restricted responses are not kept, and who asks to keep one is refused", async () => {
  await using setup = await startSetup();
  const restricted = { headers: { "x-switchyard-sensitivity": "restricted" } };
  const response = await setup.client.responses.create(HELLO, restricted);
  assert.equal(keeps(response), false);
  assert.equal(setup.kept.all.size, 0);
  assert.equal((await failureOf(setup.client.responses.retrieve(response.id))).status, 404);
  const error = await failureOf(setup.client.responses.create({ ...HELLO, store: true }, restricted));
  assert.deepEqual([error.status, error.code], [400, "unsupported_parameter"]);
  await setup.client.responses.create(HELLO, { headers: { "x-switchyard-sensitivity": "confidential" } });
  assert.equal(setup.kept.all.size, 1);
});

test("a gateway that keeps nothing serves, says so, and refuses who asks to keep", async () => {
  await using setup = await startSetup({ yaml: "responses: { store: false }\n" });
  for (const model of TARGETS) {
    const { id } = await setup.client.responses.create({ model, input: "hi" });
    assert.equal((await failureOf(setup.client.responses.retrieve(id))).status, 404);
    const on = setup.client.responses.create({ model, input: "hi", previous_response_id: id });
    assert.equal((await failureOf(on)).status, 400);
    const error = await failureOf(setup.client.responses.create({ model, input: "hi", store: true }));
    assert.equal(error.code, "unsupported_parameter");
  }
  assert.equal(setup.kept.all.size, 0);
});

test("a conversation of 30 turns, over all kinds of targets, is there in order and without instructions", async () => {
  await using setup = await startSetup();
  let previous: string | undefined;
  for (let turn = 0; turn < 30; turn++) {
    const response: OpenAI.Responses.Response = await setup.client.responses.create({
      model: TARGETS[turn % TARGETS.length] ?? "sim",
      instructions: `rules ${turn}`,
      input: `turn ${turn};`,
      ...(previous !== undefined && { previous_response_id: previous }),
    });
    assert.equal((await setup.client.responses.retrieve(response.id)).previous_response_id, previous ?? null);
    previous = response.id;
  }
  await setup.client.responses.create({
    model: "chat",
    input: "turn 30;",
    previous_response_id: previous ?? "",
  });
  const { messages } = JSON.parse(setup.chat.lastBody) as { messages: { role: string; content: unknown }[] };
  const said = messages.filter(({ role }) => role === "user").map(({ content }) => JSON.stringify(content));
  assert.deepEqual(
    said.map((text) => /turn \d+/.exec(text)?.[0]),
    Array.from({ length: 31 }, (_, turn) => `turn ${turn}`),
  );
  assert.equal(messages.length, 61);
  assert.ok(!setup.chat.lastBody.includes("rules"));
});

test("two branches of one conversation do not know of each other", async () => {
  await using setup = await startSetup();
  const root = await setup.client.responses.create({ model: "chat", input: "root" });
  const on = { model: "chat", previous_response_id: root.id };
  const left = await setup.client.responses.create({ ...on, input: "left" });
  const right = await setup.client.responses.create({ ...on, input: "right" });
  await setup.client.responses.create({ ...on, previous_response_id: left.id, input: "more" });
  assert.ok(/root.*left.*more/.test(setup.chat.lastBody) && !setup.chat.lastBody.includes("right"));
  await setup.client.responses.create({ ...on, previous_response_id: right.id, input: "more" });
  assert.ok(/root.*right.*more/.test(setup.chat.lastBody) && !setup.chat.lastBody.includes("left"));
});

test("a conversation whose middle is deleted cannot be gone on with, and nothing is sent", async () => {
  await using setup = await startSetup();
  const first = await setup.client.responses.create({ model: "chat", input: "1" });
  const second = await setup.client.responses.create({
    model: "chat",
    input: "2",
    previous_response_id: first.id,
  });
  await setup.client.responses.delete(first.id);
  const seen = setup.chat.seen.length;
  const error = await failureOf(
    setup.client.responses.create({ model: "chat", input: "3", previous_response_id: second.id }),
  );
  assert.deepEqual([error.status, error.code], [400, "invalid_request"]);
  assert.match(error.message, /send the whole conversation/);
  assert.equal(setup.chat.seen.length, seen);
  const record = await setup.record(3);
  assert.equal(record.status, "refused");
  assert.equal(record.dialect, "responses");
});

const STREAM = { input: "hi", stream: true } as const;

/** The id that a stream tells before it is over. */
async function idOf(stream: AsyncIterable<OpenAI.Responses.ResponseStreamEvent>): Promise<string> {
  for await (const each of stream) if (each.type === "response.created") return each.response.id;
  return assert.fail("no response.created");
}

async function assertNotThere({ client, kept }: Setup, id: string): Promise<void> {
  assert.equal(kept.all.size, 0);
  assert.equal((await failureOf(client.responses.retrieve(id))).status, 404);
  const on = client.responses.create({ ...HELLO, previous_response_id: id });
  assert.equal((await failureOf(on)).code, "invalid_request");
}

/** The beginning of a native stream, with some output. */
function nativeBeginning(id: string): string {
  const response = { ...nativeResponse([]), id, status: "in_progress" };
  const [item] = saying("Hel");
  return (
    event("response.created", 0, { response }) +
    event("response.output_item.added", 1, { output_index: 0, item: { ...item, content: [] } })
  );
}

test("a response that its client left in the middle is not there", async () => {
  await using setup = await startSetup();
  setup.chat.script = (_request, response) => {
    sse(response);
    response.write(chunk("one "));
  };
  setup.native.script = (_request, response) => {
    sse(response);
    response.write(nativeBeginning("resp_left"));
  };
  for (const [count, model] of (["chat", "native"] as const).entries()) {
    const stream = await setup.client.responses.create({ model, ...STREAM });
    const id = await idOf(stream);
    const record = await setup.record(1 + 2 * count);
    assert.equal(record.status, "abandoned");
    await assertNotThere(setup, id);
    await until(() => setup[model].seen[0]?.closedEarly, "the close at the engine");
  }
});

test("a response that failed is not there", async () => {
  await using setup = await startSetup();
  setup.chat.script = (_request, response) => {
    sse(response);
    response.write(chunk("one "), () => response.destroy());
  };
  setup.native.script = (_request, response) => {
    sse(response);
    const failed = {
      ...nativeResponse(saying("Hel"), "failed"),
      id: "resp_failed",
      error: { code: "server_error", message: "out of luck" },
    };
    response.end(nativeBeginning("resp_failed") + event("response.failed", 2, { response: failed }));
  };
  for (const model of ["chat", "native"]) {
    let id = "";
    const reading = async (): Promise<void> => {
      const stream = await setup.client.responses.create({ model, ...STREAM });
      for await (const each of stream) {
        if (each.type === "response.created") id = each.response.id;
        if (each.type === "response.failed") throw new OpenAI.APIError(200, {}, "failed", new Headers());
        assert.notEqual(each.type, "response.completed");
      }
      assert.fail("it had a normal end");
    };
    await failureOf(reading());
    assert.notEqual(id, "");
    await assertNotThere(setup, id);
  }
});

test("a failed plain response and a refusal of the upstream are not kept", async () => {
  await using setup = await startSetup();
  const failed = { ...nativeResponse([], "failed"), error: { code: "server_error", message: "no" } };
  for (const script of [
    failing(500),
    failing(400, '{"error":{"message":"no","code":"bad"}}'),
    failing(200, JSON.stringify(failed)),
    failing(200, JSON.stringify({ ...nativeResponse([]), status: "queued" })),
  ]) {
    setup.native.script = script;
    await setup.client.responses.create({ model: "native", input: "hi" }).catch(() => {});
    assert.equal(setup.kept.all.size, 0);
  }
});

/** Takes its time, as a database does. */
class SlowResponses extends MemoryResponses {
  readonly release: (() => void)[] = [];

  override async keep(response: StoredResponse): Promise<void> {
    await new Promise<void>((resolve) => this.release.push(resolve));
    await super.keep(response);
  }
}

test("the client sees the end only when the response is kept, plain and streamed", async () => {
  const responses = new SlowResponses();
  await using setup = await startSetup({ responses });
  for (const [count, model] of TARGETS.entries()) {
    let isOver = false;
    const plain = setup.client.responses.create({ model, input: "hi" }).then(() => (isOver = true));
    await until(() => responses.release.length === 2 * count + 1, "the keeping");
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(isOver, false, model);
    responses.release[2 * count]?.();
    await plain;

    const types: string[] = [];
    const streamed = (async () => {
      const stream = await setup.client.responses.create({ model, ...STREAM });
      for await (const each of stream) types.push(each.type);
    })();
    await until(() => responses.release.length === 2 * count + 2, "the keeping");
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(!types.includes("response.completed"), model);
    responses.release[2 * count + 1]?.();
    await streamed;
    assert.equal(types.at(-1), "response.completed", model);
  }
});

test("200 conversations at once each go on from their own response as soon as it ends", async () => {
  await using setup = await startSetup();
  const talk = async (index: number): Promise<void> => {
    const model = TARGETS[index % TARGETS.length] ?? "sim";
    let previous: string | undefined;
    for (let turn = 0; turn < 3; turn++) {
      const request = {
        model,
        input: `c${index} t${turn};`,
        ...(previous !== undefined && { previous_response_id: previous }),
      };
      const response =
        (index + turn) % 2 === 0
          ? await setup.client.responses.create(request)
          : await setup.client.responses.stream(request).finalResponse();
      previous = response.id;
    }
  };
  await Promise.all(Array.from({ length: 200 }, (_, index) => talk(index)));
  assert.equal(setup.kept.all.size, 600);
  for (const engine of [setup.chat, setup.native])
    for (const seen of engine.seen) {
      const conversations = new Set(seen.raw.toString().match(/c\d+ t/g));
      assert.equal(conversations.size, 1, seen.raw.toString());
    }
  assert.ok(setup.gateway.records.every(({ status }) => status === "answered"));
});

test("a conversation goes on at another target when its first one fails, without foreign thoughts, says so, and comes back", async () => {
  await using setup = await startSetup();
  const ask = { model: "claude-first", reasoning: { effort: "low", summary: "auto" } } as const;
  const first = await setup.client.responses.create({ ...ask, input: "hi" });
  assert.ok(first.output.some(({ type }) => type === "reasoning"));
  setup.bedrock.setFaults([{ kind: "error", exception: "InternalServerException", model: "*sonnet-4-5*" }]);
  const second = await setup.client.responses
    .create({ ...ask, input: "go on", previous_response_id: first.id })
    .withResponse();
  assert.equal(second.response.headers.get("x-switchyard-target"), "claude-4");
  assert.equal(second.response.headers.get("x-switchyard-attempts"), "2");
  assert.match(second.response.headers.get("x-switchyard-dropped-params") ?? "", /reasoning/);
  assert.equal(second.data.previous_response_id, first.id);
  assert.match(String(setup.bedrock.requests().at(-1)?.body), /"hi".*go on/);
  setup.bedrock.setFaults([]);
  const third = await setup.client.responses
    .create({ ...ask, input: "back", previous_response_id: second.data.id })
    .withResponse();
  assert.equal(third.response.headers.get("x-switchyard-target"), "claude");
  assert.match(String(setup.bedrock.requests().at(-1)?.body), /"hi".*go on.*back/);
  setup.bedrock.setFaults([{ kind: "error", exception: "InternalServerException" }]);
  const fourth = await setup.client.responses
    .create({ model: "claude-first", input: "away", previous_response_id: third.data.id })
    .withResponse();
  assert.equal(fourth.response.headers.get("x-switchyard-target"), "sim");
  assert.match(fourth.data.output_text, /away/);
});

test("a conversation that began on an engine of Responses goes on elsewhere without its encrypted thoughts", async () => {
  await using setup = await startSetup();
  const thought = { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "gAAA-secret" };
  setup.native.script = nativeAnswer([thought, ...saying("Hello")]);
  const first = await setup.client.responses.create({ model: "native-first", input: "hi" });
  const again = { model: "native-first", input: "again", previous_response_id: first.id };
  await setup.client.responses.create(again);
  assert.ok(setup.native.lastBody.includes("gAAA-secret"), "its own thoughts go back to it");
  setup.native.script = failing(503);
  const { response } = await setup.client.responses.create(again).withResponse();
  assert.equal(response.headers.get("x-switchyard-target"), "sim");
  const chat = await setup.client.responses.create({ ...again, model: "chat" });
  assert.equal(chat.output_text, "hello");
  assert.ok(!setup.chat.lastBody.includes("gAAA"));
});

test("an id that no response can have is answered as one that is not there", async () => {
  await using setup = await startSetup();
  for (const id of ["x", "resp_".padEnd(10_000, "a"), "resp_\u0000", "résumé", "../keys", "\ud800"]) {
    const { status, code, message } = await post(
      setup,
      JSON.stringify({ ...HELLO, previous_response_id: id }),
    );
    assert.deepEqual([status, code], [400, "invalid_request"], id.slice(0, 20));
    assert.ok(message.length < 500, message);
  }
  for (const id of ["", 5, true, [], {}]) {
    const { status, code } = await post(setup, JSON.stringify({ ...HELLO, previous_response_id: id }));
    assert.deepEqual([status, code], [400, "invalid_request"], JSON.stringify(id));
  }
  const { status } = await post(setup, JSON.stringify({ ...HELLO, previous_response_id: null }));
  assert.equal(status, 200);
});
