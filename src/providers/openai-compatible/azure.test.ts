import assert from "node:assert/strict";
import test from "node:test";
import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure, ReplySink } from "../provider.ts";
import { OpenAiReading } from "./reply.ts";

/**
 * What Azure adds to OpenAI's replies.
 * https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter-annotations
 */
const SAFE = { hate: { filtered: false, severity: "safe" }, jailbreak: { filtered: false, detected: false } };

function frame(value: object): string {
  return `data: ${JSON.stringify({ id: "c1", object: "chat.completion.chunk", ...value })}\n\n`;
}

const PROMPT = frame({
  choices: [],
  prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
});
const WORD = frame({
  choices: [{ index: 0, delta: { content: "a" }, finish_reason: null, content_filter_results: SAFE }],
  usage: null,
});
const UNKNOWN = frame({
  choices: [
    {
      index: 0,
      finish_reason: null,
      content_filter_result: { error: { code: "content_filter_error", message: "not filtered" } },
    },
  ],
});
const USAGE = frame({ choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } });
const DONE = "data: [DONE]\n\n";

interface Heard {
  text: string;
  inputTokens: number | undefined;
  failure: AttemptFailure | undefined;
}

function hearing(): { heard: Heard; sink: ReplySink } {
  const heard: Heard = { text: "", inputTokens: undefined, failure: undefined };
  const add = (bytes: Buffer): void => void (heard.text += bytes.toString());
  return {
    heard,
    sink: {
      whole: ({ body }) => add(body),
      chunk: add,
      end: add,
      head() {},
      dropped() {},
      alive() {},
      usage: (usage) => void (heard.inputTokens = usage === "invalid" ? -1 : usage?.inputTokens),
      fail: (failure) => void (heard.failure = failure),
    },
  };
}

function streamed(...frames: readonly string[]): Heard {
  const { heard, sink } = hearing();
  const reading = new OpenAiReading(sink, true, true, new Secrets());
  const stream = reading.stream("text/event-stream");
  assert.ok(stream !== undefined && "push" in stream);
  stream.push(Buffer.from(frames.join("")));
  stream.finish();
  return heard;
}

test("what the filter thinks of the prompt and of each piece reaches the client, and our usage frame does not", () => {
  const heard = streamed(PROMPT, WORD, UNKNOWN, USAGE, DONE);
  assert.equal(heard.text, PROMPT + WORD + UNKNOWN + DONE);
  assert.equal(heard.inputTokens, 1);
  assert.equal(heard.failure, undefined);
});

test("a frame that tells the usage and what the filter thinks is the client's to see", () => {
  const both = frame({
    choices: [],
    prompt_filter_results: [{ prompt_index: 0, content_filter_results: SAFE }],
    usage: { prompt_tokens: 1, completion_tokens: 2 },
  });
  const heard = streamed(WORD, both, DONE);
  assert.equal(heard.text, WORD + both + DONE);
  assert.equal(heard.inputTokens, 1);
});

test("a plain reply goes on to the byte", () => {
  const { heard, sink } = hearing();
  const body = Buffer.from(
    `{"choices":[{"content_filter_results":${JSON.stringify(SAFE)} }], "prompt_filter_results":[],"usage":{"prompt_tokens":1}}`,
  );
  new OpenAiReading(sink, false, false, new Secrets()).answer(200, {}, body);
  assert.equal(heard.text, body.toString());
});

test("a prompt that the filter refuses is the client's own 400, with Azure's body", () => {
  const { heard, sink } = hearing();
  const body = Buffer.from(
    JSON.stringify({
      error: {
        message: "The response was filtered due to the prompt triggering the content management policy.",
        type: null,
        param: "prompt",
        code: "content_filter",
        status: 400,
        innererror: { code: "ResponsibleAIPolicyViolation", content_filter_result: SAFE },
      },
    }),
  );
  new OpenAiReading(sink, true, true, new Secrets()).refuse(400, {}, body);
  assert.equal(heard.failure?.kind, "rejected");
  assert.equal(heard.failure?.status, 400);
  assert.equal(heard.failure?.reply?.body.toString(), body.toString());
});
