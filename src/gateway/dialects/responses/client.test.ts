import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import fc from "fast-check";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import * as z from "zod";
import type { ChatEvent, ChatRequest } from "../../../core/chat.ts";
import { AppError, asAppError } from "../../../core/errors.ts";
import { FACTS, parse, replyOf, SEAL_KEY, USAGE } from "../../../../test/support/responses-dialect.ts";
import { told, type Told } from "../../../../test/support/told-replies.ts";
import { responsesDialect } from "./index.ts";

/** OpenAI's own SDK for Node against the dialect behind a real server, without the rest of the gateway. */

type Answer = Pick<Told, "reply" | "events"> & { readonly error?: AppError };

interface Setup extends AsyncDisposable {
  readonly client: OpenAI;
  /** What the next requests are answered. */
  answer: Answer;
  readonly asked: ChatRequest[];
}

const dialect = responsesDialect(SEAL_KEY);

async function start(answer: Answer = said("Hello")): Promise<Setup> {
  const asked: ChatRequest[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      try {
        serve(Buffer.concat(chunks).toString(), request.url ?? "", response, setup, asked);
      } catch (error) {
        const { status, headers, body } = dialect.errorReply(asAppError(error), "x1");
        response.writeHead(status, headers).end(body);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const setup: Setup = {
    client: new OpenAI({ apiKey: "sy-test", baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 }),
    answer,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return setup;
}

function serve(
  body: string,
  url: string,
  response: http.ServerResponse,
  { answer }: Setup,
  asked: ChatRequest[],
): void {
  const { request } = parse(body);
  if (url.endsWith("/input_tokens")) {
    asked.push(dialect.count?.read(request) ?? assert.fail());
    response.setHeader("content-type", "application/json");
    return void response.end(dialect.count?.write(42));
  }
  asked.push(dialect.readChat(request));
  const writer = dialect.chatWriter({ ...FACTS, model: request.model ?? "", request });
  if (!request.stream) {
    response.setHeader("content-type", "application/json");
    return void response.end(writer.whole(answer.reply));
  }
  response.writeHead(200, dialect.streamHeaders);
  response.write(dialect.keepAliveComment);
  for (const event of answer.events) {
    const bytes = writer.event(event);
    if (bytes !== undefined) response.write(bytes);
  }
  response.end(answer.error === undefined ? writer.end() : dialect.errorEvent(answer.error, "x1", "chat"));
}

function said(text: string): Answer {
  const events: ChatEvent[] = [
    { type: "text", text },
    { type: "stop", reason: "end" },
    { type: "usage", usage: USAGE, latencyMs: 1, serviceTier: undefined },
  ];
  return { reply: replyOf({ parts: [{ type: "text", text }], usage: USAGE }), events };
}

const HELLO = { model: "m", input: "hi" };

test("a response has its text and usage", async () => {
  await using setup = await start();
  const response = await setup.client.responses.create(HELLO);
  assert.equal(response.output_text, "Hello");
  assert.equal(response.status, "completed");
  assert.equal(response.usage?.total_tokens, 1_339);
  assert.deepEqual(setup.asked[0]?.messages, [{ role: "user", parts: [{ type: "text", text: "hi" }] }]);
});

test("the SDK puts every stream together to what the whole reply says", async () => {
  await using setup = await start();
  await fc.assert(
    fc.asyncProperty(told, fc.boolean(), async (answer, asSummary) => {
      setup.answer = answer;
      const asked = { ...HELLO, reasoning: asSummary ? { summary: "auto" as const } : {} };
      const whole = await setup.client.responses.create(asked);
      const final = await setup.client.responses.stream(asked).finalResponse();
      assert.deepEqual(comparable(final), comparable(whole));
      assert.equal(final.output_text, whole.output_text);
    }),
    { numRuns: 60 },
  );
});

/** Without what differs from reply to reply, and what the SDK's helpers add. */
function comparable(response: object): unknown {
  const text = JSON.stringify(response, (key, member: unknown) => {
    if (key === "completed_at" || key === "output_parsed" || key.startsWith("parsed")) return undefined;
    return key === "encrypted_content" ? "sealed" : member;
  });
  return JSON.parse(text);
}

test("deltas are the text, in order", async () => {
  const pieces = ["one ", "two ", "three"];
  const events = pieces.map((text) => ({ type: "text", text }) as const);
  await using setup = await start({ ...said(""), events: [...events, { type: "stop", reason: "end" }] });
  const got: string[] = [];
  for await (const event of await setup.client.responses.create({ ...HELLO, stream: true }))
    if (event.type === "response.output_text.delta") got.push(event.delta);
  assert.deepEqual(got, pieces);
});

test("structured output is parsed", async () => {
  await using setup = await start(said('{"city":"Paris"}'));
  const format = zodTextFormat(z.object({ city: z.string() }), "place");
  const response = await setup.client.responses.parse({ ...HELLO, text: { format } });
  assert.deepEqual(response.output_parsed, { city: "Paris" });
  const output = setup.asked[0]?.output;
  assert.ok(output?.type === "json-schema" && output.name === "place" && output.strict === true);
});

test("a conversation of tools and thoughts goes on from what came back", async () => {
  await using setup = await start();
  const thought = { type: "reasoning", text: "Look it up.", signature: "sig" } as const;
  const call = { type: "tool-call", id: "call_0", name: "weather", input: '{"at":"Paris"}' } as const;
  setup.answer = { ...said(""), reply: replyOf({ parts: [thought, call], stop: "tool-calls" }) };
  const tools: OpenAI.Responses.Tool[] = [
    { type: "function", name: "weather", parameters: { type: "object" }, strict: false },
  ];
  const first = await setup.client.responses.create({ ...HELLO, tools });
  const made = first.output.find((item) => item.type === "function_call") ?? assert.fail("no call");
  assert.deepEqual(JSON.parse(made.arguments), { at: "Paris" });
  setup.answer = said("Sunny.");
  const input: OpenAI.Responses.ResponseInput = [
    { role: "user", content: "hi" },
    ...(first.output as OpenAI.Responses.ResponseInput),
    { type: "function_call_output", call_id: made.call_id, output: "sun" },
  ];
  const second = await setup.client.responses.create({ ...HELLO, input, tools });
  assert.equal(second.output_text, "Sunny.");
  const { call_id: id } = made;
  assert.deepEqual(setup.asked[1]?.messages.slice(1), [
    { role: "assistant", parts: [thought, { ...call, id }] },
    {
      role: "user",
      parts: [{ type: "tool-result", id, content: [{ type: "text", text: "sun" }], isError: false }],
    },
  ]);
});

test("a refusal is an error of the SDK's, with its code", async () => {
  await using setup = await start();
  await assert.rejects(
    setup.client.responses.create({ ...HELLO, tools: [{ type: "web_search" }] }),
    (error) => error instanceof OpenAI.PermissionDeniedError && error.code === "unpriced",
  );
  await assert.rejects(
    setup.client.responses.create({ ...HELLO, background: true }),
    (error) => error instanceof OpenAI.BadRequestError && error.code === "unsupported_parameter",
  );
});

test("an error in the middle of a stream is thrown, after what came before it", async () => {
  const error = new AppError("upstream_error", "it broke");
  await using setup = await start({ ...said(""), events: [{ type: "text", text: "one " }], error });
  const stream = setup.client.responses.stream(HELLO);
  let text = "";
  stream.on("response.output_text.delta", ({ delta }) => (text += delta));
  await assert.rejects(stream.finalResponse(), /it broke/);
  assert.equal(text, "one ");
});

test("tokens are counted", async () => {
  await using setup = await start();
  const counted = await setup.client.responses.inputTokens.count(HELLO);
  assert.deepEqual({ ...counted }, { object: "response.input_tokens", input_tokens: 42 });
});
