import assert from "node:assert/strict";
import type http from "node:http";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import test from "node:test";
import type { Seen } from "../../support/engine.ts";
import { until } from "../../support/gateway.ts";
import { sendJson, startScripted, type Scripted } from "../traps/support.ts";
import { recordOf, told } from "./support.ts";

const MODELS = { titan: "amazon.titan-embed-text-v2:0", cohere: "cohere.embed-multilingual-v3" };
const TOKENS = 3;
/** Nano-dollars an input token. */
const PRICE = 1_000n;

const input = (count: number): string[] => Array.from({ length: count }, (_, at) => `text ${at}`);

/** Which text a request to Titan is for. */
function textOf({ raw }: Seen): number {
  const { inputText } = JSON.parse(raw.toString()) as { inputText: string };
  return Number(inputText.slice("text ".length));
}

function embed(response: http.ServerResponse, at: number): void {
  send(response, { embedding: [at, at + 0.5], inputTextTokenCount: TOKENS });
}

function send(response: http.ServerResponse, body: unknown): void {
  sendJson(response, typeof body === "string" ? body : JSON.stringify(body), 200, {
    "x-amzn-bedrock-input-token-count": String(TOKENS),
  });
}

function ask(
  { gateway }: Scripted,
  texts: readonly string[],
  how: { model?: string; signal?: AbortSignal } = {},
) {
  return fetch(`${gateway.url}/v1/embeddings`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: how.model ?? "titan", input: texts, encoding_format: "float" }),
    ...(how.signal !== undefined && { signal: how.signal }),
  });
}

/** So many parts are answered, then the eighth's successor breaks while all others wait. */
const ANSWERED = 5;
const BROKEN = 8;
/** Eight at a time, and one more for each that was answered. */
const SENT = BROKEN + ANSWERED;

function breaking(fault: (response: http.ServerResponse) => void): Promise<Scripted> {
  let came = 0;
  return startScripted(
    async (request, response) => {
      came++;
      const at = textOf(request);
      if (at < ANSWERED) return embed(response, at);
      if (at !== BROKEN) return;
      await until(() => came === SENT, "the other parts");
      fault(response);
    },
    { models: MODELS, target: ", timeouts: { firstByte: 2s, idle: 300ms }" },
  );
}

async function assertAllCancelled({ engine, gateway }: Scripted): Promise<void> {
  const waiting = engine.seen.filter((seen) => textOf(seen) > BROKEN || textOf(seen) >= ANSWERED);
  await until(
    () => waiting.every((seen) => seen.closedEarly || textOf(seen) === BROKEN),
    "the end of all other parts",
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(engine.seen.length, SENT, "nothing is sent after");
  assert.deepEqual(gateway.bugs, []);
}

type Broken = readonly [fault: (response: http.ServerResponse) => void, status: number, code: string];
const json = (status: number, exception: string) => (response: http.ServerResponse) =>
  sendJson(response, '{"message":"Scripted."}', status, { "x-amzn-errortype": exception });

const FAULTS: Readonly<Record<string, Broken>> = {
  "is throttled": [json(429, "ThrottlingException"), 429, "rate_limited"],
  "is refused": [json(400, "ValidationException"), 400, "invalid_request"],
  "fails inside": [json(500, "InternalServerException"), 502, "upstream_error"],
  "is denied": [json(403, "AccessDeniedException"), 502, "upstream_error"],
  "gets a timeout of Bedrock's": [json(408, "ModelTimeoutException"), 504, "upstream_timeout"],
  "gets a reset": [(response) => response.destroy(), 502, "upstream_error"],
  "gets half a reply": [
    (response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": 1_000 });
      response.write('{"embedding":[1,');
      setImmediate(() => response.destroy());
    },
    502,
    "upstream_error",
  ],
};

for (const [what, [fault, status, code]] of Object.entries(FAULTS))
  test(`where one of many parts ${what}, the whole fails, the others are cancelled, and what was done is charged`, async () => {
    await using pair = await breaking(fault);
    const reply = await told(await ask(pair, input(40)), "openai");
    assert.equal(reply.status, status, reply.message);
    const record = await recordOf(pair.gateway, what);
    assert.equal(record.status, "failed");
    assert.equal(record.code, code);
    assert.equal(record.attempts.length, 1);
    await assertAllCancelled(pair);
    assertCharged(record);
  });

/** What was told is charged to the token; what was under way is guessed, and the record says so. */
function assertCharged({ usage, costNano, estimated }: ExchangeRecord): void {
  const tokens = usage?.inputTokens ?? 0;
  const isTold = tokens === ANSWERED * TOKENS || tokens === (ANSWERED + 1) * TOKENS;
  assert.ok(tokens >= ANSWERED * TOKENS && tokens < 40 * TOKENS, String(tokens));
  assert.equal(estimated, !isTold);
  assert.equal(costNano, BigInt(tokens) * PRICE);
}

const USELESS: Readonly<Record<string, unknown>> = {
  "is no JSON": "<html>",
  "is null": "null",
  "is empty": "",
  "has no embedding": {},
  "has an embedding of words": { embedding: ["a"] },
  "has an embedding with null in it": { embedding: [0.5, null] },
  "is an operation that is unknown":
    '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
};

for (const [what, body] of Object.entries(USELESS))
  test(`where the reply to one of many parts ${what}, the whole fails, and all that was told is charged`, async () => {
    await using pair = await breaking((response) => send(response, body));
    const reply = await told(await ask(pair, input(40)), "openai", true);
    assert.equal(reply.status, 502, reply.message);
    assert.ok(!/is not a function|undefined|Cannot/.test(reply.message), reply.message);
    const record = await recordOf(pair.gateway, what);
    assert.equal(record.status, "failed");
    await assertAllCancelled(pair);
    assertCharged(record);
  });

test("a reply with another number of vectors was paid for, though it is of no use", async () => {
  for (const count of [0, 1, 3]) {
    await using pair = await startScripted(
      (_request, response) => send(response, { embeddings: Array.from({ length: count }, () => [1]) }),
      { models: MODELS },
    );
    const reply = await told(await ask(pair, ["one", "two"], { model: "cohere" }), "openai", true);
    assert.equal(reply.status, 502);
    assert.match(reply.message, /embeddings for 2 texts/);
    const record = await recordOf(pair.gateway, String(count));
    assert.equal(record.status, "failed");
    assert.equal(record.costNano, BigInt(TOKENS) * PRICE, `${count} vectors`);
  }
});

test("where one of many parts hangs, the whole is a timeout, the others are cancelled, and it is charged", async () => {
  await using pair = await breaking(() => {});
  const reply = await told(await ask(pair, input(40)), "openai", true);
  assert.equal(reply.status, 504);
  const record = await recordOf(pair.gateway);
  assert.equal(record.code, "upstream_timeout");
  await assertAllCancelled(pair);
  assert.ok(record.costNano >= BigInt(ANSWERED * TOKENS) * PRICE);
});

test("a client that leaves in the middle of many parts has all cancelled, and nothing is sent after", async () => {
  await using pair = await breaking(() => {});
  const leave = new AbortController();
  const asked = ask(pair, input(40), { signal: leave.signal });
  await until(() => pair.engine.seen.length === SENT, "the parts");
  leave.abort();
  await assert.rejects(asked);
  const record = await recordOf(pair.gateway);
  assert.equal(record.status, "abandoned");
  assert.ok(record.costNano >= BigInt(ANSWERED * TOKENS) * PRICE);
  await until(
    () => pair.engine.seen.every((seen) => textOf(seen) < ANSWERED || seen.closedEarly),
    "all ends",
  );
  await assertAllCancelled(pair);
});

test("who leaves, or hangs, after a few of 2,048 parts does not pay for those that were never sent", async () => {
  for (const how of ["leaves", "hangs"]) {
    await using pair = await breaking(() => {});
    const leave = new AbortController();
    const asked = ask(pair, input(2_048), { signal: leave.signal });
    await until(() => pair.engine.seen.length === SENT, "the parts");
    if (how === "leaves") {
      leave.abort();
      await assert.rejects(asked);
    } else assert.equal((await asked).status, 504);
    const record = await recordOf(pair.gateway, how);
    // Texts of 5 to 9 characters are 2 or 3 tokens each, for the test's own count.
    assert.ok(
      (record.usage?.inputTokens ?? 0) <= SENT * TOKENS,
      `${how}: ${record.usage?.inputTokens} tokens`,
    );
  }
});

test("2,048 inputs come back in their order, eight parts at a time, and are one exchange", async () => {
  let underWay = 0;
  let most = 0;
  await using pair = await startScripted(
    (request, response) => {
      most = Math.max(most, ++underWay);
      const at = textOf(request);
      // Out of their order.
      setTimeout(() => {
        underWay--;
        embed(response, at);
      }, at % 3);
    },
    { models: MODELS },
  );
  const reply = await ask(pair, input(2_048));
  assert.equal(reply.status, 200);
  const { data } = (await reply.json()) as { data: { index: number; embedding: number[] }[] };
  assert.deepEqual(
    data.map(({ index, embedding }) => [index, embedding[0]]),
    input(2_048).map((_, at) => [at, at]),
  );
  assert.ok(most <= 8, `${most} at a time`);
  const record = await recordOf(pair.gateway);
  assert.equal(record.usage?.inputTokens, 2_048 * TOKENS);
  assert.equal(record.estimated, false);
  assert.equal(record.attempts.length, 1);
});
