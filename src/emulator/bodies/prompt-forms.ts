import type { Answer } from "../answer/answer.ts";
import { Random } from "../answer/random.ts";
import { countTokens } from "../answer/tokens.ts";
import type { ConverseRequest } from "../converse-request.ts";
import { numberOf, textOf, textsOf, type JsonObject } from "../json.ts";
import type { Model } from "../models/model.ts";
import { definedOnly } from "./anthropic-read.ts";
import { runsOf } from "./converse-stream.ts";
import type { Form } from "./form.ts";
import { checkMembers, malformed } from "./malformed.ts";

/** As many tokens as Llama makes where the body says nothing. */
const LLAMA_TOKENS = 512;

/** Llama's body: one prompt in Llama's own notation. */
export const LLAMA: Form = {
  toolIds: "tooluse",

  read(body, model) {
    checkMembers(
      body,
      { prompt: "string", max_gen_len: "number", temperature: "number", top_p: "number", images: "array" },
      ["prompt"],
    );
    return promptRequest(body, "max_gen_len", model, LLAMA_TOKENS);
  },

  whole: (answer) => ({
    generation: textOfAnswer(answer),
    prompt_token_count: answer.usage.input,
    generation_token_count: answer.usage.output,
    stop_reason: stopWord(answer),
  }),

  events(answer, _model, id) {
    let count = 0;
    const runs = runsOf(textOfAnswer(answer), new Random(id));
    const events = runs.map((generation, at) => {
      const tokens = countTokens(generation);
      count += tokens;
      const json: JsonObject = {
        generation,
        prompt_token_count: at === 0 ? answer.usage.input : null,
        generation_token_count: count,
        stop_reason: null,
      };
      return { json, tokens };
    });
    const last = {
      generation: "",
      prompt_token_count: null,
      generation_token_count: count,
      stop_reason: stopWord(answer),
    };
    return [...events, { json: last, tokens: 0, stops: true }];
  },
};

/** The body of Mistral's older models. */
export const MISTRAL_PROMPT: Form = {
  toolIds: "tooluse",

  read(body, model) {
    checkMembers(
      body,
      {
        prompt: "string",
        max_tokens: "number",
        temperature: "number",
        top_p: "number",
        top_k: "number",
        stop: "array",
      },
      ["prompt"],
    );
    return promptRequest(body, "max_tokens", model);
  },

  whole: (answer) => ({ outputs: [{ text: textOfAnswer(answer), stop_reason: stopWord(answer) }] }),

  events(answer, _model, id) {
    const events = runsOf(textOfAnswer(answer), new Random(id)).map((text) => ({
      json: { outputs: [{ text, stop_reason: null }] },
      tokens: countTokens(text),
    }));
    const last: JsonObject = { outputs: [{ text: "", stop_reason: stopWord(answer) }] };
    return [...events, { json: last, tokens: 0, stops: true }];
  },
};

function promptRequest(body: JsonObject, limit: string, model: Model, otherwise?: number): ConverseRequest {
  const prompt = textOf(body["prompt"]) ?? "";
  if (prompt === "") throw malformed("expected minLength: 1, actual: 0", "/prompt");
  const most = numberOf(body[limit]);
  if (most !== undefined && most < 1) throw malformed(`${most} is not greater or equal to 1`, `/${limit}`);
  if (most !== undefined && most > model.maxOutputTokens)
    throw malformed(`${most} is not less or equal to ${model.maxOutputTokens}`, `/${limit}`);
  return {
    messages: [{ role: "user", content: [{ text: prompt }] }],
    inferenceConfig: definedOnly({
      maxTokens: most ?? otherwise,
      temperature: numberOf(body["temperature"]),
      topP: numberOf(body["top_p"]),
      stopSequences: textsOf(body["stop"]),
    }),
  };
}

function textOfAnswer({ blocks }: Answer): string {
  return blocks.flatMap((block) => (block.kind === "text" ? block.text : [])).join("");
}

function stopWord({ stopReason }: Answer): string {
  return stopReason === "max_tokens" ? "length" : "stop";
}
