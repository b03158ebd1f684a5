import assert from "node:assert/strict";
import test from "node:test";
import OpenAI, { APIError } from "openai";
import { refusalOf, start } from "./support.ts";

const MODEL = "openai.gpt-oss-120b-1:0";
const TOOL = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
} as const;

function client({ url }: { readonly url: string }, apiKey = "a-long-term-key"): OpenAI {
  return new OpenAI({ baseURL: `${url}/openai/v1`, apiKey, maxRetries: 0 });
}

const hello = [{ role: "user" as const, content: "Hello" }];

test("OpenAI's SDK is answered whole, with its tools, results and the chain of thought", async () => {
  await using emulator = await start();
  const openai = client(emulator);
  const plain = await openai.chat.completions.create({ model: MODEL, messages: hello });
  assert.equal(plain.object, "chat.completion");
  assert.equal(plain.choices[0]?.finish_reason, "stop");
  assert.equal(
    plain.usage?.total_tokens,
    (plain.usage?.prompt_tokens ?? 0) + (plain.usage?.completion_tokens ?? 0),
  );
  const called = await openai.chat.completions.create({
    model: MODEL,
    messages: [{ role: "user", content: "Use get_weather." }],
    tools: [TOOL],
  });
  const [choice] = called.choices;
  assert.equal(choice?.finish_reason, "tool_calls");
  const call = choice?.message.tool_calls?.[0];
  assert.ok(call?.type === "function" && typeof JSON.parse(call.function.arguments) === "object");
  const after = await openai.chat.completions.create({
    model: MODEL,
    tools: [TOOL],
    messages: [
      { role: "user", content: "Use get_weather." },
      choice?.message ?? { role: "assistant", content: "" },
      { role: "tool", tool_call_id: call?.id ?? "", content: "rain" },
    ],
  });
  assert.equal(after.choices[0]?.finish_reason, "stop");
  const short = await openai.chat.completions.create({ model: MODEL, messages: hello, max_tokens: 3 });
  assert.equal(short.choices[0]?.finish_reason, "length");
});

test("a stream has its usage only where it was asked for, and ends with [DONE]", async () => {
  await using emulator = await start();
  const openai = client(emulator);
  for (const include_usage of [true, false]) {
    const stream = await openai.chat.completions.create({
      model: MODEL,
      messages: hello,
      stream: true,
      stream_options: { include_usage },
    });
    const chunks = await Array.fromAsync(stream);
    assert.ok(chunks.some(({ choices }) => choices[0]?.delta.content));
    assert.equal(chunks.findLast(({ choices }) => choices.length > 0)?.choices[0]?.finish_reason, "stop");
    assert.equal(chunks.at(-1)?.usage !== undefined, include_usage);
  }
  const raw = await fetch(`${emulator.url}/openai/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer a-long-term-key" },
    body: JSON.stringify({ model: MODEL, messages: hello, stream: true }),
  });
  assert.match(raw.headers.get("content-type") ?? "", /^text\/event-stream/);
  assert.ok((await raw.text()).endsWith("data: [DONE]\n\n"));
});

test("errors are in OpenAI's notation: wrong key, unknown model, a model without this endpoint, throttling", async () => {
  await using emulator = await start();
  const ask = (model: string, key?: string): Promise<Error> =>
    refusalOf(client(emulator, key).chat.completions.create({ model, messages: hello }));
  const wrong = await ask(MODEL, "wrong");
  assert.ok(wrong instanceof APIError && wrong.status === 403 && wrong.code === "invalid_api_key");
  const unknown = await ask("nothing");
  assert.ok(unknown instanceof APIError && unknown.status === 400);
  const without = await ask("us.amazon.nova-lite-v1:0");
  assert.ok(without instanceof APIError && without.status === 404 && without.code === "model_not_found");
  emulator.setFaults([{ kind: "error", exception: "ThrottlingException", operation: "ChatCompletions" }]);
  const throttled = await ask(MODEL);
  assert.ok(
    throttled instanceof APIError && throttled.status === 429 && throttled.type === "rate_limit_error",
  );
});

test("a stream can be cut, and an error can stand in it", async () => {
  await using emulator = await start();
  const openai = client(emulator);
  const read = async (): Promise<number> => {
    const stream = await openai.chat.completions.create({ model: MODEL, messages: hello, stream: true });
    return (await Array.fromAsync(stream)).length;
  };
  const whole = await read();
  emulator.setFaults([{ kind: "cut", at: "before-message-stop" }]);
  assert.equal(await read(), whole - 1);
  emulator.setFaults([{ kind: "exception", exception: "internalServerException", afterFrames: 2 }]);
  assert.ok((await refusalOf(read())) instanceof APIError);
});
