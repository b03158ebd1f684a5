import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import {
  CONTEXT,
  preparePythonWithLlama,
  printed,
  startLlama,
  WIDTH,
  type LlamaServer,
} from "./llama-server.ts";

/**
 * The gateway before a real llama.cpp, asked by the official SDK. Run on its own, `node --test
 * test/engines/llama.suite.ts`, because the engine must be compiled once. What the engine does is asserted as it is;
 * where that is odd, a comment says so.
 */

const prepared = await preparePythonWithLlama();
const python = "python" in prepared ? prepared.python : "";
const skip = "missing" in prepared ? prepared.missing : false;

const hello = [{ role: "user", content: "hi" }] satisfies OpenAI.ChatCompletionMessageParam[];
const short = { model: "tiny", messages: hello, max_tokens: 8 } as const;
/** A reply that lasts for seconds. */
const long = { model: "tiny", messages: hello, max_tokens: CONTEXT - 100, stream: true } as const;
const tooLong = {
  model: "tiny",
  messages: [{ role: "user", content: "the ".repeat(CONTEXT) }],
  max_tokens: 8,
} satisfies OpenAI.ChatCompletionCreateParams;

/** The tiny model never ends by itself, so without a limit its replies fill the context. */
function configuration(url: string): string {
  const target = "provider: llama, model: tiny, tier: dedicated, price: { input: 1, output: 2 }";
  return `
providers:
  llama: { kind: openai-compatible, vendor: llamacpp, baseUrl: "${url}" }
targets:
  tiny: { ${target} }
  capped: { ${target}, maxOutputTokens: 5 }
`;
}

function clientOf(gateway: TestGateway): OpenAI {
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
}

function recordOf(gateway: TestGateway, response: Response): Promise<ExchangeRecord> {
  return gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
}

describe("a real llama.cpp", { skip }, () => {
  let llama: LlamaServer;
  let gateway: TestGateway;
  let client: OpenAI;
  const stack = new AsyncDisposableStack();

  before(async () => {
    llama = stack.use(await startLlama(python));
    gateway = stack.use(await startGateway(configuration(llama.url)));
    client = clientOf(gateway);
  });
  after(() => stack.disposeAsync());

  test("a chat has its text, and the usage that is recorded is the engine's", async () => {
    const { data, response } = await client.chat.completions.create(short).withResponse();
    assert.match(data.choices[0]?.message.content ?? "", /^( [a-z]+){8}$/);
    assert.equal(data.choices[0]?.finish_reason, "length");
    const { prompt_tokens, completion_tokens } = data.usage ?? assert.fail("no usage");
    assert.equal(completion_tokens, 8);
    const { usage, costNano } = await recordOf(gateway, response);
    assert.deepEqual([usage?.inputTokens, usage?.outputTokens], [prompt_tokens, completion_tokens]);
    assert.equal(costNano, BigInt(prompt_tokens * 1_000 + completion_tokens * 2_000));
  });

  test("a stream has every piece and then the end marker", async () => {
    const stream = await client.chat.completions.create({ ...short, stream: true });
    const events = await Array.fromAsync(stream);
    const text = events.map((event) => event.choices[0]?.delta.content ?? "").join("");
    assert.match(text, /^( [a-z]+){8}$/);
    assert.equal(events.at(-1)?.choices[0]?.finish_reason, "length");
    const raw = await (await gateway.chat({ ...short, stream: true })).text();
    assert.match(raw, /\n\ndata: \[DONE\]\n\n$/);
  });

  test("a stream without usage costs an unknown amount, which is not nothing", async () => {
    // llama-cpp-python takes stream_options and sends no usage all the same.
    for (const asked of [false, true]) {
      const { data, response } = await client.chat.completions
        .create({ ...short, stream: true, ...(asked && { stream_options: { include_usage: true } }) })
        .withResponse();
      const events = await Array.fromAsync(data);
      assert.ok(events.every(({ usage }) => usage === undefined));
      const record = await recordOf(gateway, response);
      assert.equal(record.status, "answered");
      assert.equal(record.usage, undefined);
      assert.equal(record.costNano, undefined);
    }
  });

  test("a target's limit of output tokens holds where the client names none", async () => {
    const completion = await client.chat.completions.create({ model: "capped", messages: hello });
    assert.equal(completion.usage?.completion_tokens, 5);
  });

  test("embeddings come as vectors, though the engine ignores the encoding that the SDK asks for", async () => {
    const { data, response } = await client.embeddings
      .create({ model: "tiny", input: ["the first", "the second"] })
      .withResponse();
    assert.deepEqual(
      data.data.map(({ index, embedding }) => [index, embedding.length]),
      [
        [0, WIDTH],
        [1, WIDTH],
      ],
    );
    assert.equal(typeof data.data[0]?.embedding[0], "number");
    const { usage } = await recordOf(gateway, response);
    assert.deepEqual([usage?.inputTokens, usage?.outputTokens], [data.usage.prompt_tokens, 0]);
  });

  test("a request field that only this engine knows reaches it", async () => {
    const request = { ...short, grammar: 'root ::= "yes"' };
    const completion = await client.chat.completions.create(request);
    assert.equal(completion.choices[0]?.message.content, "yes");
    assert.equal(completion.choices[0]?.finish_reason, "stop");
  });

  test("a prompt above the context is refused with the engine's status, code and message", async () => {
    await assert.rejects(client.chat.completions.create(tooLong), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, String(error));
      assert.equal(error.code, "context_length_exceeded");
      assert.match(error.message, new RegExp(`maximum context length is ${CONTEXT} tokens`));
      return true;
    });
  });

  test("a streamed prompt above the context is a 502, because the engine only closes its stream", async () => {
    // llama-cpp-python has sent 200 before it looks at the prompt. It then drops the connection, so that this has its
    // own: see reused-connection.test.ts.
    await using own = await startGateway(configuration(llama.url));
    await assert.rejects(clientOf(own).chat.completions.create({ ...tooLong, stream: true }), {
      status: 502,
      code: "upstream_error",
      message: /ended without its end marker/,
    });
  });

  test("a value that the engine cannot read is a 502 with its reason, because it answers 500", async () => {
    const request = { ...short, temperature: "hot" as unknown as number };
    await assert.rejects(client.chat.completions.create(request), {
      status: 502,
      code: "upstream_error",
      message: /temperature/,
    });
  });

  test("requests at the same time are all answered by an engine that takes one at a time", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => client.chat.completions.create(short)));
    assert.ok(all.every((completion) => completion.usage?.completion_tokens === 8));
  });

  test("leaving a stream stops the engine, which is then free for the next request", async () => {
    const { data, response } = await client.chat.completions.create(long).withResponse();
    for await (const event of data) if (event.choices[0]?.delta.content !== undefined) break;
    await printed(llama, "Disconnected from client");
    assert.equal((await recordOf(gateway, response)).status, "abandoned");
    await client.chat.completions.create(short);
  });

  test("a stream that the engine gives up for another request ends as the engine ends it", async () => {
    // llama-cpp-python's interrupt_requests, on by default: an end marker without a finish reason.
    const stream = await client.chat.completions.create(long);
    const events: OpenAI.ChatCompletionChunk[] = [];
    let other: Promise<OpenAI.ChatCompletion> | undefined;
    for await (const event of stream) {
      events.push(event);
      other ??= client.chat.completions.create(short);
    }
    assert.ok(events.length < long.max_tokens, `${events.length} events`);
    assert.equal(events.at(-1)?.choices[0]?.finish_reason, null);
    assert.equal((await other)?.usage?.completion_tokens, 8);
  });

  test("an engine that is killed in mid-stream makes the SDK throw, and then there is none", async () => {
    await using doomed = await startLlama(python);
    await using own = await startGateway(configuration(doomed.url));
    const other = clientOf(own);
    const stream = await other.chat.completions.create(long);
    await assert.rejects(
      async () => {
        for await (const event of stream) if (event.choices.length > 0) void doomed.kill();
      },
      { code: "upstream_error" },
    );
    await doomed.kill();
    await assert.rejects(other.chat.completions.create(short), {
      status: 502,
      code: "upstream_error",
      message: /ECONNREFUSED/,
    });
  });
});
