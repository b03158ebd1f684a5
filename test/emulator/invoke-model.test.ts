import assert from "node:assert/strict";
import test from "node:test";
import {
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type BedrockRuntimeClient,
} from "@aws-sdk/client-bedrock-runtime";
import type { RunningEmulator } from "../../src/emulator/index.ts";
import { collect, NOVA, refusalOf, sdk, SONNET, start, WEATHER } from "./support.ts";

type Any = Record<string, unknown>;

async function invoke(runtime: BedrockRuntimeClient, modelId: string, body: object): Promise<Any> {
  const answer = await runtime.send(new InvokeModelCommand({ modelId, body: JSON.stringify(body) }));
  return JSON.parse(answer.body.transformToString()) as Any;
}

async function stream(runtime: BedrockRuntimeClient, modelId: string, body: object): Promise<Any[]> {
  const answer = await runtime.send(
    new InvokeModelWithResponseStreamCommand({ modelId, body: JSON.stringify(body) }),
  );
  return (await collect(answer.body)).map(
    ({ chunk }) => JSON.parse(Buffer.from(chunk?.bytes ?? []).toString()) as Any,
  );
}

async function withRuntime(
  use: (runtime: BedrockRuntimeClient, emulator: RunningEmulator) => Promise<void>,
): Promise<void> {
  await using emulator = await start();
  using runtime = sdk(emulator);
  await use(runtime, emulator);
}

const CLAUDE = { anthropic_version: "bedrock-2023-05-31", max_tokens: 100 };
const said = (content: unknown) => ({ ...CLAUDE, messages: [{ role: "user", content }] });

test("Claude answers in Messages, with tools, thinking and a cache in its usage", () =>
  withRuntime(async (runtime) => {
    const plain = await invoke(runtime, SONNET, said("Hello"));
    assert.match(String(plain["id"]), /^msg_bdrk_\w{24}$/);
    assert.equal(plain["type"], "message");
    assert.equal(plain["stop_reason"], "end_turn");
    const called = await invoke(runtime, SONNET, {
      ...said("Hello"),
      tools: [{ name: "get_weather", input_schema: WEATHER.toolSpec.inputSchema.json }],
      tool_choice: { type: "any" },
    });
    const [call] = called["content"] as { type: string; id: string }[];
    assert.equal(call?.type, "tool_use");
    assert.match(call?.id ?? "", /^toolu_bdrk_/);
    const thought = await invoke(runtime, SONNET, {
      ...said("Think."),
      max_tokens: 4_000,
      thinking: { type: "enabled", budget_tokens: 1_024 },
    });
    const [thinking] = thought["content"] as { type: string; signature: string }[];
    assert.equal(thinking?.type, "thinking");
    const next = (changed: object): Promise<Any> =>
      invoke(runtime, SONNET, {
        ...CLAUDE,
        messages: [
          { role: "user", content: "Think." },
          {
            role: "assistant",
            content: [
              { ...thinking, ...changed },
              { type: "text", text: "So." },
            ],
          },
          { role: "user", content: "And?" },
        ],
      });
    await next({});
    const error = await refusalOf(next({ thinking: "Something else." }));
    assert.equal(error.message, "messages.1.content.0: Invalid `signature` in `thinking` block");
    const cached = said([
      { type: "text", text: "long ".repeat(1_500), cache_control: { type: "ephemeral", ttl: "1h" } },
      { type: "text", text: "Hello" },
    ]);
    const written = (await invoke(runtime, SONNET, cached))["usage"] as Any;
    assert.ok(Number(written["cache_creation_input_tokens"]) > 1_024);
    assert.equal(
      (written["cache_creation"] as Any)["ephemeral_1h_input_tokens"],
      written["cache_creation_input_tokens"],
    );
    const read = (await invoke(runtime, SONNET, cached))["usage"] as Any;
    assert.equal(read["cache_read_input_tokens"], written["cache_creation_input_tokens"]);
  }));

test("what Claude's front refuses comes without an introduction", () =>
  withRuntime(async (runtime) => {
    const tool = { name: "t", input_schema: { type: "object" } };
    const call = { type: "tool_use", id: "toolu_1", name: "t", input: {} };
    const refusals: [object, RegExp][] = [
      [{ max_tokens: 1, messages: [] }, /^anthropic_version: Field required$/],
      [{ anthropic_version: "x", messages: [] }, /^max_tokens: Field required$/],
      [{ ...said("Hello"), model: "claude" }, /^model: Extra inputs are not permitted$/],
      [{ ...CLAUDE, messages: [] }, /^messages: at least one message is required$/],
      [said([{ type: "text", text: "" }]), /^messages: text content blocks must be non-empty$/],
      [said(" "), /must contain non-whitespace text$/],
      [
        { ...said("Hello"), tools: [{ type: "web_search_20250305", name: "web_search" }] },
        /^tools\.0: Input tag 'web_search_20250305' found using 'type' does not match any of the expected tags/,
      ],
      [
        {
          ...CLAUDE,
          tools: [tool],
          messages: [
            { role: "user", content: "x" },
            { role: "assistant", content: [call] },
            { role: "user", content: "y" },
          ],
        },
        /^messages\.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1\./,
      ],
      [
        {
          ...CLAUDE,
          tools: [tool],
          messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "a" }] }],
        },
        /^messages\.0\.content\.0: unexpected `tool_use_id` found in `tool_result` blocks: a\./,
      ],
      [{ ...said("Hello"), temperature: 0.5, top_p: 0.9 }, /^`temperature` and `top_p` cannot both/],
    ];
    for (const [body, message] of refusals) {
      const error = await refusalOf(invoke(runtime, SONNET, body));
      assert.equal(error.name, "ValidationException");
      assert.match(error.message, message);
    }
  }));

test("Nova, Llama, Mistral and gpt-oss answer in their own forms, whole and streamed", () =>
  withRuntime(async (runtime) => {
    const nova = { schemaVersion: "messages-v1", messages: [{ role: "user", content: [{ text: "Hello" }] }] };
    const whole = await invoke(runtime, NOVA, nova);
    const { output, stopReason } = whole as {
      output: { message: { content: { text: string }[] } };
      stopReason: string;
    };
    assert.equal(stopReason, "end_turn");
    const events = await stream(runtime, NOVA, nova);
    const text = events
      .map(
        ({ contentBlockDelta: delta }) =>
          (delta as { delta: { text: string } } | undefined)?.delta.text ?? "",
      )
      .join("");
    assert.equal(text, output.message.content[0]?.text);

    const llama = await invoke(runtime, "us.meta.llama3-1-405b-instruct-v1:0", {
      prompt: "Hello",
      max_gen_len: 5,
    });
    assert.deepEqual([llama["stop_reason"], llama["generation_token_count"]], ["length", 5]);
    const spoken = await stream(runtime, "us.meta.llama3-1-405b-instruct-v1:0", {
      prompt: "Hello",
      max_gen_len: 5,
    });
    assert.equal(spoken.map(({ generation }) => generation).join(""), llama["generation"]);
    assert.equal(spoken.at(-1)?.["stop_reason"], "length");
    assert.ok(spoken.at(-1)?.["amazon-bedrock-invocationMetrics"]);

    const mistral = await invoke(runtime, "mistral.mistral-7b-instruct-v0:2", {
      prompt: "<s>[INST] Hello [/INST]",
    });
    const [made] = mistral["outputs"] as { text: string; stop_reason: string }[];
    assert.equal(made?.stop_reason, "stop");

    const oss = await invoke(runtime, "openai.gpt-oss-20b-1:0", {
      messages: [{ role: "user", content: "Hello" }],
    });
    const [choice] = oss["choices"] as {
      finish_reason: string;
      message: { content: string; reasoning: string };
    }[];
    assert.equal(choice?.finish_reason, "stop");
    assert.ok(choice?.message.content && choice.message.reasoning);
  }));

test("bodies that do not fit are named as the models' schemas name them", () =>
  withRuntime(async (runtime) => {
    const refusals: [string, object, string][] = [
      ["us.meta.llama3-1-405b-instruct-v1:0", {}, "#: required key [prompt] not found"],
      [
        "us.meta.llama3-1-405b-instruct-v1:0",
        { prompt: "x", max_tokens: 1 },
        "#: extraneous key [max_tokens] is not permitted",
      ],
      [NOVA, { messages: "x" }, "#/messages: expected type: JSONArray, found: String"],
      ["cohere.embed-english-v3", { texts: ["x"] }, "#: required key [input_type] not found"],
      [
        "cohere.embed-english-v3",
        { input_type: "search_query", texts: Array.from({ length: 97 }, () => "x") },
        "#/texts: expected maximum item count: 96, found: 97",
      ],
      [
        "amazon.titan-embed-text-v2:0",
        { inputText: "x", dimensions: 100 },
        "#/dimensions: 100 is not a valid enum value",
      ],
    ];
    for (const [model, body, what] of refusals) {
      const { message } = await refusalOf(invoke(runtime, model, body));
      assert.equal(message, `Malformed input request: ${what}, please reformat your input and try again.`);
    }
  }));

test("embeddings come in four shapes, their tokens in a header, alike texts near each other", () =>
  withRuntime(async (runtime) => {
    const titan = (inputText: string): Promise<Any> =>
      invoke(runtime, "amazon.titan-embed-text-v2:0", { inputText, dimensions: 256 });
    const vectors: number[][] = [];
    for (const text of ["the red river", "a red river", "quite another thing"])
      vectors.push((await titan(text))["embedding"] as number[]);
    const [a = [], b = [], c = []] = vectors;
    const near = (x: number[], y: number[]): number =>
      x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
    assert.equal(a.length, 256);
    assert.ok(Math.abs(near(a, a) - 1) < 1e-6);
    assert.ok(near(a, b) > near(a, c));
    const v1 = await invoke(runtime, "amazon.titan-embed-text-v1", { inputText: "x" });
    assert.equal((v1["embedding"] as number[]).length, 1_536);
    const cohere3 = await invoke(runtime, "cohere.embed-english-v3", {
      texts: ["x", "y"],
      input_type: "search_query",
    });
    assert.equal(cohere3["response_type"], "embeddings_floats");
    assert.deepEqual(
      (cohere3["embeddings"] as number[][]).map(({ length }) => length),
      [1_024, 1_024],
    );
    const cohere4 = await invoke(runtime, "us.cohere.embed-v4:0", {
      texts: ["x"],
      input_type: "search_document",
    });
    assert.equal(cohere4["response_type"], "embeddings_by_type");
    assert.equal((cohere4["embeddings"] as { float: number[][] }).float[0]?.length, 1_536);
    const nova = await invoke(runtime, "amazon.nova-2-multimodal-embeddings-v1:0", {
      taskType: "SINGLE_EMBEDDING",
      singleEmbeddingParams: {
        embeddingPurpose: "GENERIC_INDEX",
        text: { value: "x", truncationMode: "NONE" },
      },
    });
    const [made] = nova["embeddings"] as { embedding: number[]; embeddingType: string }[];
    assert.deepEqual([made?.embedding.length, made?.embeddingType], [3_072, "TEXT"]);
  }));

test("a guardrail named in headers guards what is between its tags", () =>
  withRuntime(async (runtime) => {
    const ask = async (content: string): Promise<unknown> => {
      const answer = await runtime.send(
        new InvokeModelCommand({
          modelId: SONNET,
          guardrailIdentifier: "abc123",
          guardrailVersion: "1",
          body: JSON.stringify({ ...said(content), "amazon-bedrock-guardrailConfig": { tagSuffix: "xyz" } }),
        }),
      );
      return (JSON.parse(answer.body.transformToString()) as Any)["amazon-bedrock-guardrailAction"];
    };
    const tagged = (text: string): string =>
      `<amazon-bedrock-guardrails-guardContent_xyz>${text}</amazon-bedrock-guardrails-guardContent_xyz>`;
    assert.equal(await ask("BLOCKME"), "INTERVENED");
    assert.equal(await ask(`BLOCKME ${tagged("fine")}`), "NONE");
    assert.equal(await ask(`fine ${tagged("BLOCKME")}`), "INTERVENED");
  }));
