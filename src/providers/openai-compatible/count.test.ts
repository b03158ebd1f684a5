import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import { Engine, failing, plain, type Script } from "../../../test/support/engine.ts";
import type { ChatRequest } from "../../core/chat.ts";
import type { AttemptFailure } from "../provider.ts";
import { openAiCompatible } from "./adapter.ts";
import type { VendorName } from "./vendors.ts";

const CHAT: ChatRequest = {
  ...EMPTY_CHAT,
  system: [{ type: "text", text: "Be brief." }],
  messages: [{ role: "user", parts: [{ type: "text", text: "Hi" }] }],
  tools: [{ type: "tool", name: "f", description: undefined, schema: { type: "object" }, strict: undefined }],
  // What says how to answer is no input.
  maxOutputTokens: 5,
  stop: ["END"],
};

interface Counted {
  readonly tokens: number | undefined;
  readonly failure: AttemptFailure | undefined;
  readonly asked: readonly { path: string; body: Record<string, unknown> }[];
}

async function count(vendor: VendorName, script: Script, chat = CHAT): Promise<Counted> {
  await using engine = await Engine.start(script);
  const provider = openAiCompatible("p", {
    baseUrl: engine.url,
    apiKey: undefined,
    vendor,
    apiVersion: undefined,
    connections: 2,
  });
  assert.equal(provider.serves({ dialect: "anthropic", operation: "count-tokens" }, "m"), "translate");
  const counted = await new Promise<Omit<Counted, "asked">>((resolve) => {
    const call = {
      chat,
      model: "m",
      outputCap: undefined,
      connectTimeoutMs: 1_000,
      autoCache: false,
      withoutThoughts: false,
      labels: { exchange: "x1", tenant: "acme", tags: {} },
    };
    provider.count?.(call, {
      usage() {},
      dropped() {},
      alive() {},
      whole: (tokens) => resolve({ tokens, failure: undefined }),
      fail: (failure) => resolve({ tokens: undefined, failure }),
    });
  });
  await provider.close();
  const asked = engine.seen.map(({ path, raw }) => ({
    path,
    body: JSON.parse(raw.toString()) as Record<string, unknown>,
  }));
  return { ...counted, asked };
}

function answering(answer: object): Script {
  return (_request, response) => plain(response, 200, JSON.stringify(answer));
}

test("OpenAI counts the input of a response, and only that", async () => {
  const { tokens, asked } = await count(
    "openai",
    answering({ object: "response.input_tokens", input_tokens: 21 }),
  );
  assert.equal(tokens, 21);
  assert.equal(asked[0]?.path, "/v1/responses/input_tokens");
  assert.deepEqual(Object.keys(asked[0]?.body ?? {}).toSorted(), ["input", "instructions", "model", "tools"]);
});

test("vLLM counts beside /v1, by the model's template", async () => {
  const { tokens, asked } = await count("vllm", answering({ count: 9, max_model_len: 100, tokens: [] }));
  assert.equal(tokens, 9);
  assert.equal(asked[0]?.path, "/tokenize");
  const body = asked[0]?.body ?? {};
  assert.deepEqual(Object.keys(body).toSorted(), ["add_generation_prompt", "messages", "model", "tools"]);
});

test("llama.cpp makes the prompt first, then counts it with the template's own tokens", async () => {
  const { tokens, asked } = await count("llamacpp", (request, response) => {
    const answer = request.path === "/tokenize" ? { tokens: [1, 2, 3] } : { prompt: "<|user|>Hi" };
    plain(response, 200, JSON.stringify(answer));
  });
  assert.equal(tokens, 3);
  assert.deepEqual(
    asked.map(({ path }) => path),
    ["/apply-template", "/tokenize"],
  );
  assert.deepEqual(asked[1]?.body, { content: "<|user|>Hi", add_special: true, parse_special: true });
});

test("what is no count is a failure, and never a number", async () => {
  for (const answer of [{}, { count: -1 }, { count: 1.5 }, { count: "9" }]) {
    const { tokens, failure } = await count("vllm", answering(answer));
    assert.equal(tokens, undefined);
    assert.equal(failure?.kind, "protocol");
  }
  assert.equal((await count("llamacpp", answering({}))).failure?.kind, "protocol");
});

test("an engine's refusal is told in its words", async () => {
  const { failure } = await count("vllm", failing(404, '{"error":{"message":"no such path"}}'));
  assert.equal(failure?.kind, "rejected");
  assert.equal(failure?.said, "no such path");
  assert.equal(failure?.reply, undefined);
});

test("files are not counted as if they were nothing", async () => {
  const image = { type: "image", source: { base64: "aGk=" }, format: "png", name: undefined } as const;
  const chat = { ...CHAT, messages: [{ role: "user", parts: [image] } as const] };
  const { failure, asked } = await count("vllm", answering({ count: 9 }), chat);
  assert.equal(failure?.kind, "unsupported");
  assert.deepEqual(asked, []);
});
