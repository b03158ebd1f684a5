import assert from "node:assert/strict";
import test from "node:test";
import { EMPTY_CHAT } from "../../../test/support/empty-chat.ts";
import type { ChatRequest } from "../../core/chat.ts";
import { Losses } from "../conversation/losses.ts";
import { maxTokensOf, writeGenerate, type GenerateRequest } from "./write-request.ts";

const CHAT: ChatRequest = { ...EMPTY_CHAT, temperature: 0.5, topP: 0.9, topK: 40 };
const REQUEST: GenerateRequest = {
  chat: CHAT,
  prompt: "p",
  stops: ["a", "b"],
  maxTokens: 16,
  stream: true,
  input: "text_input",
};

function write(change: Partial<GenerateRequest>, backend: "vllm" | "trtllm"): Record<string, unknown> {
  return JSON.parse(writeGenerate({ ...REQUEST, ...change }, backend, new Losses())) as Record<
    string,
    unknown
  >;
}

test("vLLM gets its parameters as JSON in a tensor and as the extension documents them", () => {
  const { sampling_parameters: sampling, ...body } = write({}, "vllm");
  const parameters = {
    max_tokens: 16,
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    include_stop_str_in_output: true,
  };
  assert.deepEqual(body, {
    text_input: "p",
    stream: true,
    exclude_input_in_output: true,
    return_finish_reason: true,
    return_num_input_tokens: true,
    return_num_output_tokens: true,
    parameters,
  });
  assert.deepEqual(JSON.parse(sampling as string), { ...parameters, stop: ["a", "b"] });
});

test("the parameters that the extension documents hold no lists", () => {
  const { parameters } = write({ stops: ["only"] }, "vllm") as { parameters: Record<string, unknown> };
  assert.equal(parameters["stop"], "only");
  for (const value of Object.values(parameters)) assert.match(typeof value, /^(string|number|boolean)$/);
});

test("TensorRT-LLM gets them flat, its two lists of words always", () => {
  assert.deepEqual(write({}, "trtllm"), {
    text_input: "p",
    stream: true,
    max_tokens: 16,
    bad_words: "",
    stop_words: ["a", "b"],
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    exclude_input_in_output: true,
  });
  const plain = write({ stops: [], stream: false }, "trtllm");
  assert.equal(plain["stop_words"], "");
  assert.equal(plain["return_num_output_tokens"], true);
});

test("every token may be chosen: 0 is -1 for vLLM", () => {
  const chat = { ...CHAT, topK: 0 };
  assert.equal((write({ chat }, "vllm")["parameters"] as Record<string, unknown>)["top_k"], -1);
  assert.equal(write({ chat }, "trtllm")["top_k"], 0);
});

test("penalties and the seed are written; what the backend has not is told", () => {
  const others = [
    { name: "seed", value: 7 },
    { name: "frequency_penalty", value: 0.1 },
    { name: "min_p", value: 0.2 },
    { name: "n", value: 1 },
    { name: "logit_bias", value: { 5: 1 } },
    { name: "presence_penalty", value: "high" },
    { name: "modalities", value: ["audio"] },
  ];
  const chat = { ...CHAT, others };
  const losses = new Losses();
  const body = JSON.parse(writeGenerate({ ...REQUEST, chat }, "trtllm", losses)) as Record<string, unknown>;
  assert.equal(body["seed"], 7);
  assert.equal(body["random_seed"], 7);
  assert.equal(body["frequency_penalty"], 0.1);
  assert.deepEqual(
    losses.list.map(({ name, droppable }) => [name, droppable]),
    [
      ["min_p", true],
      ["logit_bias", true],
      ["presence_penalty", true],
      ["modalities", false],
    ],
  );
  const byVllm = write({ chat }, "vllm")["parameters"] as Record<string, unknown>;
  assert.equal(byVllm["min_p"], 0.2);
});

test("a limit of output is always asked for, the least of those that are named", () => {
  assert.equal(maxTokensOf(EMPTY_CHAT, undefined), 512);
  assert.equal(maxTokensOf({ ...EMPTY_CHAT, maxOutputTokens: 2_000 }, undefined), 2_000);
  assert.equal(maxTokensOf({ ...EMPTY_CHAT, maxOutputTokens: 2_000 }, 100), 100);
  assert.equal(maxTokensOf(EMPTY_CHAT, 1_024), 1_024);
});
