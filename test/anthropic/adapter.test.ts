import assert from "node:assert/strict";
import test from "node:test";
import type { AnthropicOptions } from "../../src/providers/anthropic/adapter.ts";
import type { CountSink, Provider } from "../../src/providers/provider.ts";
import { createProvider } from "../../src/providers/registry.ts";
import { Engine, failing, plain, sse, type Script } from "../support/engine.ts";
import { EMPTY_CHAT } from "../support/empty-chat.ts";
import { ask, MODEL } from "./ask.ts";
import { answer, end, error, event, message, PING, start, textBlock } from "./engine.ts";

const SECRET = "sk-ant-upstream-secret-1234567890";

interface World extends AsyncDisposable {
  readonly engine: Engine;
  readonly provider: Provider;
}

async function open(script: Script = answer(), more: Partial<AnthropicOptions> = {}): Promise<World> {
  const engine = await Engine.start(script);
  const provider = createProvider("subject", {
    kind: "anthropic",
    baseUrl: engine.url.replace(/\/v1$/, "/base"),
    apiKey: SECRET,
    auth: undefined,
    connections: 4,
    ...more,
  });
  return {
    engine,
    provider,
    async [Symbol.asyncDispose]() {
      await provider.close();
      await engine[Symbol.asyncDispose]();
    },
  };
}

test("a request of its own dialect goes on as it is, but for the model, and so does the reply", async () => {
  await using world = await open();
  const heard = await ask(world.provider, { x_odd: 1 });
  assert.equal(world.engine.seen[0]?.path, "/base/v1/messages");
  assert.deepEqual(JSON.parse(world.engine.lastBody), {
    model: MODEL,
    max_tokens: 100,
    messages: [{ role: "user", content: "Say something." }],
    x_odd: 1,
  });
  assert.deepEqual(heard.order, ["usage", "whole"]);
  assert.equal(heard.reply?.body.toString(), message("one two three"));
  assert.equal(heard.reported?.inputTokens, 12);
});

test("a stream goes on byte for byte", async () => {
  await using world = await open();
  const heard = await ask(world.provider, { stream: true });
  assert.equal(heard.text, start() + PING + textBlock(0, "one ", "two ", "three") + end());
  assert.equal(heard.last?.toString(), event("message_stop"));
  assert.equal(heard.reported?.outputTokens, 5);
  assert.equal(world.engine.seen[0]?.headers.accept, "text/event-stream");
});

test("the version is the client's or ours, features in trial are the client's, and the key is ours", async () => {
  await using world = await open();
  await ask(world.provider, {}, { headers: { "x-api-key": "sy-client", authorization: "Bearer sy-client" } });
  const { headers } = world.engine.seen[0] ?? assert.fail();
  assert.equal(headers["anthropic-version"], "2023-06-01");
  assert.equal(headers["x-api-key"], SECRET);
  assert.equal(headers.authorization, undefined);
  const own = { "anthropic-version": "2024-01-01", "anthropic-beta": "a-1,b-2" };
  await ask(world.provider, {}, { headers: own });
  const later = world.engine.seen[1]?.headers ?? assert.fail();
  assert.equal(later["anthropic-version"], "2024-01-01");
  assert.equal(later["anthropic-beta"], "a-1,b-2");
});

test("a bearer carries the key where it is so configured", async () => {
  await using world = await open(answer(), { auth: "bearer" });
  await ask(world.provider, {});
  const { headers } = world.engine.seen[0] ?? assert.fail();
  assert.equal(headers.authorization, `Bearer ${SECRET}`);
  assert.equal(headers["x-api-key"], undefined);
});

test("what is about our account stays here", async () => {
  const account = {
    "request-id": "req_1",
    "anthropic-organization-id": "org-1",
    "anthropic-ratelimit-requests-remaining": "5",
  };
  await using world = await open((_request, response) => plain(response, 200, message("hi"), account));
  const heard = await ask(world.provider, {});
  assert.deepEqual(heard.reply?.headers, { "request-id": "req_1" });
  world.engine.script = (_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", ...account });
    response.end(start() + end());
  };
  assert.deepEqual((await ask(world.provider, { stream: true })).sent, { "request-id": "req_1" });
});

test("tokens are counted by the counter, and free", async () => {
  await using world = await open();
  const heard = await ask(
    world.provider,
    { max_tokens: undefined, metadata: { user_id: "u" } },
    { counts: true, outputCap: 5, autoCache: true },
  );
  assert.equal(world.engine.seen[0]?.path, "/base/v1/messages/count_tokens");
  assert.deepEqual(JSON.parse(world.engine.lastBody), {
    model: MODEL,
    messages: [{ role: "user", content: "Say something." }],
  });
  assert.equal(heard.reply?.body.toString(), '{"input_tokens":14}');
  assert.equal(heard.reported?.inputTokens, 0);
});

test("an engine that has no counter may be passed over", async () => {
  await using world = await open(failing(404, '{"detail":"Not Found"}'));
  const { failure } = await ask(world.provider, {}, { counts: true });
  assert.equal(failure?.kind, "unsupported");
  assert.equal(failure?.elsewhere, true);
  world.engine.script = failing(404, error("not_found_error", "model: m"));
  const unknown = await ask(world.provider, {}, { counts: true });
  assert.equal(unknown.failure?.code, "model_not_found");
});

test("a request of another dialect is counted, too", async () => {
  await using world = await open();
  const told = await new Promise((resolve) => {
    const sink: CountSink = {
      whole: resolve,
      fail: resolve,
      usage() {},
      dropped() {},
      alive() {},
    };
    world.provider.count?.(
      {
        chat: { ...EMPTY_CHAT, messages: [{ role: "user", parts: [{ type: "text", text: "hi" }] }] },
        model: MODEL,
        outputCap: undefined,
        connectTimeoutMs: 1_000,
        autoCache: false,
        withoutThoughts: false,
        labels: { exchange: "x1", tenant: "acme", tags: {} },
      },
      sink,
    );
  });
  assert.equal(told, 14);
  assert.deepEqual(JSON.parse(world.engine.lastBody), {
    model: MODEL,
    messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
  });
});

test("where the host finds no places for the cache by itself, the ends are marked", async () => {
  await using world = await open();
  await ask(world.provider, {}, { autoCache: true });
  const sent = JSON.parse(world.engine.lastBody) as { cache_control?: object; messages: unknown };
  assert.equal(sent.cache_control, undefined);
  assert.deepEqual(sent.messages, [
    {
      role: "user",
      content: [{ type: "text", text: "Say something.", cache_control: { type: "ephemeral" } }],
    },
  ]);
});

test("refusals of the request go on as they came, others with their kind", async () => {
  const refusal = error("invalid_request_error", "messages.0: too odd");
  await using world = await open(failing(400, refusal));
  const rejected = await ask(world.provider, {});
  assert.equal(rejected.failure?.kind, "rejected");
  assert.equal(rejected.failure?.reply?.body.toString(), refusal);
  world.engine.script = failing(529, error("overloaded_error", "Overloaded"), { "retry-after": "4" });
  const overloaded = await ask(world.provider, {});
  assert.equal(overloaded.failure?.kind, "status");
  assert.equal(overloaded.failure?.retryAfterSeconds, 4);
  world.engine.script = failing(401, error("authentication_error", `no ${SECRET}`));
  const denied = await ask(world.provider, {});
  assert.equal(denied.failure?.kind, "credentials");
  assert.ok(!JSON.stringify(denied.failure).includes(SECRET));
});

test("what is no reply of Messages is none", async () => {
  await using world = await open((_request, response) => plain(response, 200, "<html>"));
  assert.equal((await ask(world.provider, {})).failure?.kind, "protocol");
  world.engine.script = (_request, response) => plain(response, 200, '{"object":"chat.completion"}');
  assert.equal((await ask(world.provider, {})).failure?.kind, "protocol");
  assert.equal((await ask(world.provider, { stream: true })).failure?.kind, "protocol");
  world.engine.script = (_request, response) => {
    sse(response);
    response.end(start() + end());
  };
  assert.equal((await ask(world.provider, {})).failure?.kind, "protocol");
});

test("what it does not do it says", async () => {
  await using world = await open();
  const { provider } = world;
  for (const operation of ["embeddings", "completions", "invoke"] as const)
    assert.ok(typeof provider.serves({ dialect: "openai", operation }, MODEL) === "object");
  assert.equal(provider.serves({ dialect: "anthropic", operation: "chat" }, MODEL), "pass");
  assert.equal(provider.serves({ dialect: "responses", operation: "chat" }, MODEL), "translate");
  assert.equal(provider.serves({ dialect: "openai", operation: "count-tokens" }, MODEL), "translate");
});
