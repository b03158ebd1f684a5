import assert from "node:assert/strict";
import test from "node:test";
import OpenAI, { type APIError } from "openai";
import { until } from "../support/gateway.ts";
import { MEGABYTE, startSetup, type EngineTarget, type Setup } from "./setup.ts";

/** The official SDK for Node against the gateway: what fails, and how it hears of it. */

const hello = [{ role: "user", content: "hi" }] satisfies OpenAI.ChatCompletionMessageParam[];

/** Asks for a chat that must fail with the SDK's own class of error. */
async function failureOf<Failure extends APIError>(
  kind: new (...args: never[]) => Failure,
  client: OpenAI,
  model: string,
): Promise<Failure> {
  const outcome = await client.chat.completions.create({ model, messages: hello }).then(
    () => assert.fail("it was answered"),
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof kind, String(outcome));
  return outcome;
}

test("a bad key is an AuthenticationError", async () => {
  await using setup = await startSetup();
  const error = await failureOf(
    OpenAI.AuthenticationError,
    setup.client.withOptions({ apiKey: "sy-wrong" }),
    "sim",
  );
  assert.equal(error.status, 401);
  assert.equal(error.code, "unauthenticated");
  assert.equal(error.type, "authentication_error");
});

test("a bad key lists no models", async () => {
  await using setup = await startSetup();
  const client = setup.client.withOptions({ apiKey: "sy-wrong" });
  await assert.rejects(client.models.list(), OpenAI.AuthenticationError);
  await assert.rejects(client.models.retrieve("sim"), OpenAI.AuthenticationError);
});

test("an unknown model is a NotFoundError that names the model and the exchange", async () => {
  await using setup = await startSetup();
  const error = await failureOf(OpenAI.NotFoundError, setup.client, "nope");
  assert.equal(error.code, "model_not_found");
  const exchange = error.headers.get("x-switchyard-exchange") ?? "";
  assert.match(error.message, /"nope"/);
  assert.ok(error.message.includes(exchange) && exchange !== "", error.message);
  const record = await setup.gateway.record(exchange);
  assert.equal(record.status, "refused");
  await assert.rejects(setup.client.models.retrieve("nope"), { status: 404, code: "model_not_found" });
});

test("an upstream's throttle is a RateLimitError with the upstream's retry-after", async () => {
  await using setup = await startSetup();
  const error = await failureOf(OpenAI.RateLimitError, setup.client, "throttling");
  assert.equal(error.code, "rate_limited");
  assert.equal(error.headers.get("retry-after"), "7");
});

test("the SDK waits as long as retry-after says and then gets its answer", async () => {
  await using setup = await startSetup();
  const before = performance.now();
  const completion = await setup.client
    .withOptions({ maxRetries: 1 })
    .chat.completions.create({ model: "throttling-once", messages: hello });
  assert.equal(completion.choices[0]?.message.content, "hello");
  assert.equal(setup.seenBy("throttling-once").length, 2);
  // Without the header the SDK would wait half a second.
  assert.ok(performance.now() - before > 950);
});

test("an upstream's 500 is a 502, so that nobody takes it for a fault of the gateway", async () => {
  await using setup = await startSetup();
  const error = await failureOf(OpenAI.InternalServerError, setup.client, "broken");
  assert.equal(error.status, 502);
  assert.equal(error.code, "upstream_error");
});

test("an upstream's own refusal of the request comes with its status, code and message", async () => {
  await using setup = await startSetup();
  const error = await failureOf(OpenAI.UnprocessableEntityError, setup.client, "rejecting");
  assert.equal(error.code, "hot");
  assert.match(error.message, /temperature: too hot/);
});

test("a body of 20 MB reaches the engine whole", async () => {
  await using setup = await startSetup();
  const content = "x".repeat(20 * MEGABYTE);
  const request = { model: "plain", messages: [{ role: "user", content }] } as const;
  const completion = await setup.client.chat.completions.create({
    ...request,
    messages: [...request.messages],
  });
  assert.equal(completion.choices[0]?.message.content, "hello");
  assert.ok(setup.engine.seen[0]?.raw.equals(Buffer.from(JSON.stringify(request))));
});

test("a body of 27 MB is refused with 413, and the client hears it every time", async () => {
  await using setup = await startSetup();
  const content = "x".repeat(27 * MEGABYTE);
  for (let time = 0; time < 5; time++) {
    await assert.rejects(
      setup.client.chat.completions.create({ model: "plain", messages: [{ role: "user", content }] }),
      (error) => {
        assert.ok(error instanceof OpenAI.APIError, String(error));
        assert.equal(error.status, 413, String(error));
        assert.equal(error.code, "payload_too_large");
        return true;
      },
    );
  }
  assert.equal(setup.engine.seen.length, 0);
  // The connection is good for more.
  await setup.client.chat.completions.create({ model: "plain", messages: hello });
});

/** The one request that the target has had was left by the gateway, and is on record as abandoned. */
async function assertAbandoned(setup: Setup, target: EngineTarget): Promise<void> {
  await until(() => setup.seenBy(target)[0]?.closedEarly, "the close at the engine");
  const record = await until(() => setup.gateway.records.find((found) => found.target === target));
  assert.equal(record.status, "abandoned");
  assert.equal(record.attempts[0]?.status, "abandoned");
}

test("leaving a stream after its first piece stops the engine", async () => {
  await using setup = await startSetup();
  const stream = await setup.client.chat.completions.create({
    model: "slow",
    messages: hello,
    stream: true,
  });
  for await (const event of stream) {
    assert.equal(event.choices[0]?.delta.content, "one ");
    break;
  }
  await assertAbandoned(setup, "slow");
});

test("an abort before the first byte stops the engine, plain and streaming", async () => {
  for (const stream of [false, true]) {
    await using setup = await startSetup();
    const controller = new AbortController();
    const waiting = setup.client.chat.completions.create(
      { model: "silent", messages: hello, stream },
      { signal: controller.signal },
    );
    const rejected = assert.rejects(waiting, OpenAI.APIUserAbortError);
    await until(() => setup.seenBy("silent").length === 1);
    controller.abort();
    await rejected;
    await assertAbandoned(setup, "silent");
  }
});

test("the SDK's own timeout is an abandoned exchange", async () => {
  await using setup = await startSetup();
  await assert.rejects(
    setup.client.chat.completions.create({ model: "silent", messages: hello }, { timeout: 1_000 }),
    OpenAI.APIConnectionTimeoutError,
  );
  await assertAbandoned(setup, "silent");
});

test("a stream that the upstream cuts throws, after the pieces that came", async () => {
  await using setup = await startSetup();
  const stream = await setup.client.chat.completions.create({ model: "cut", messages: hello, stream: true });
  const pieces: string[] = [];
  await assert.rejects(
    async () => {
      for await (const event of stream) pieces.push(event.choices[0]?.delta.content ?? "");
    },
    (error) => {
      assert.ok(error instanceof OpenAI.APIError, String(error));
      assert.equal(error.code, "upstream_error");
      return true;
    },
  );
  assert.deepEqual(pieces, ["one "]);
  const record = await until(() => setup.gateway.records.find((found) => found.target === "cut"));
  assert.equal(record.status, "failed");
  assert.equal(record.code, "upstream_error");
});

test("the stream helper rejects where the upstream cuts", async () => {
  await using setup = await startSetup();
  const stream = setup.client.chat.completions.stream({ model: "cut", messages: hello });
  await assert.rejects(stream.finalChatCompletion(), { code: "upstream_error" });
});
