import assert from "node:assert/strict";
import test from "node:test";
import type { ChatRequest } from "../../../core/chat.ts";
import { Losses } from "../../conversation/losses.ts";
import { writeParameters, type Generator, type ParameterNeeds } from "./write-parameters.ts";
import { EMPTY_CHAT } from "../../../../test/support/empty-chat.ts";

function written(
  generator: Generator,
  chat: Partial<ChatRequest>,
  needs: Partial<ParameterNeeds> = {},
): { parameters: Readonly<Record<string, unknown>>; lost: string[] } {
  const losses = new Losses();
  const all = { generator, outputCap: undefined, templateStops: [], ...needs };
  const { return_full_text, details, ...parameters } = writeParameters(
    { ...EMPTY_CHAT, ...chat },
    all,
    losses,
  );
  assert.deepEqual([return_full_text, details], [false, true]);
  return { parameters, lost: losses.list.map(({ name }) => name) };
}

test("a limit is always asked for: the cap, else the client's, else 512", () => {
  const limit = (chat: Partial<ChatRequest>, outputCap?: number): unknown =>
    written("djl", chat, { outputCap }).parameters["max_new_tokens"];
  assert.equal(limit({}), 512);
  assert.equal(limit({ maxOutputTokens: 9 }), 9);
  assert.equal(limit({ maxOutputTokens: 9 }, 5), 5);
  assert.equal(limit({}, 5), 5);
});

test("sampling is asked for as soon as a request rules it, and never with values that TGI refuses", () => {
  const sampling = (chat: Partial<ChatRequest>): unknown => {
    const { max_new_tokens: _, ...rest } = written("tgi", chat).parameters;
    return rest;
  };
  assert.deepEqual(sampling({}), {});
  assert.deepEqual(sampling({ temperature: 0 }), { do_sample: false });
  assert.deepEqual(sampling({ temperature: 0, topP: 0.5, topK: 9 }), { do_sample: false });
  assert.deepEqual(sampling({ topP: 0 }), { do_sample: false });
  assert.deepEqual(sampling({ temperature: 1.5 }), { temperature: 1.5, do_sample: true });
  assert.deepEqual(sampling({ topP: 1 }), { do_sample: true });
  assert.deepEqual(sampling({ topP: 0.5, topK: 9 }), { top_p: 0.5, top_k: 9, do_sample: true });
});

test("the client's stop texts all go on, and the template's where TGI takes more", () => {
  const stops = (generator: Generator, own: string[]): unknown => {
    const { parameters } = written(generator, { stop: own }, { templateStops: ["<|end|>"] });
    return generator === "tgi" ? parameters["stop"] : parameters["stop_sequences"];
  };
  assert.deepEqual(stops("tgi", []), ["<|end|>"]);
  assert.deepEqual(stops("tgi", ["a", "b", "c", "d"]), ["a", "b", "c", "d"]);
  assert.deepEqual(stops("tgi", ["a", "b", "c", "d", "e"]), ["a", "b", "c", "d", "e"]);
  assert.deepEqual(stops("djl", ["a", "b", "c", "d"]), ["a", "b", "c", "d", "<|end|>"]);
});

test("what both know is written, the rest is told", () => {
  const others = [
    { name: "seed", value: 1 },
    { name: "repetition_penalty", value: 1.1 },
    { name: "frequency_penalty", value: "much" },
    { name: "presence_penalty", value: 0.5 },
    { name: "logprobs", value: true },
    { name: "n", value: 2 },
  ];
  const tgi = written("tgi", { others });
  assert.deepEqual(tgi.lost, ["frequency_penalty", "presence_penalty", "logprobs", "n"]);
  assert.deepEqual([tgi.parameters["seed"], tgi.parameters["repetition_penalty"]], [1, 1.1]);
  const djl = written("djl", { others });
  assert.deepEqual(djl.lost, ["frequency_penalty", "logprobs", "n"]);
  assert.equal(djl.parameters["presence_penalty"], 0.5);
});
