import { writeEvent } from "../../src/core/event-stream.ts";
import { end, event as anthropicEvent, start } from "../anthropic/engine.ts";
import { event as responsesEvent, nativeResponse, saying } from "../responses/setup.ts";
import { part } from "../sagemaker/endpoint.ts";
import { chunk, DONE, FINISH, type Seen } from "../support/engine.ts";
import { event as tritonEvent } from "../triton/server.ts";

/** A stream as an API writes it: its head's type, what it begins with, words, and its end. */
export interface Wire {
  readonly type: string;
  readonly open: Buffer;
  word(text: string): Buffer;
  readonly end: Buffer;
}

const SSE = "text/event-stream";
const FRAMES = "application/vnd.amazon.eventstream";
const bytes = (...texts: readonly string[]): Buffer => Buffer.from(texts.join(""));

const AT = { item_id: "msg_native", output_index: 0, content_index: 0 };
const PART = { type: "output_text", text: "", annotations: [], logprobs: [] };

const CHAT: Wire = { type: SSE, open: bytes(), word: (text) => bytes(chunk(text)), end: bytes(FINISH, DONE) };

const RESPONSES: Wire = {
  type: SSE,
  open: bytes(
    responsesEvent("response.created", 0, { response: nativeResponse([], "in_progress") }),
    responsesEvent("response.output_item.added", 1, {
      output_index: 0,
      item: { id: "msg_native", type: "message", status: "in_progress", role: "assistant", content: [] },
    }),
    responsesEvent("response.content_part.added", 2, { ...AT, part: PART }),
  ),
  word: (delta) => bytes(responsesEvent("response.output_text.delta", 3, { ...AT, delta, logprobs: [] })),
  get end() {
    return bytes(
      responsesEvent("response.output_text.done", 4, { ...AT, text: "", logprobs: [] }),
      responsesEvent("response.output_item.done", 5, { output_index: 0, item: saying("")[0] }),
      responsesEvent("response.completed", 6, { response: nativeResponse(saying("done")) }),
    );
  },
};

const BLOCK = { index: 0, content_block: { type: "text", text: "" } };
const deltaOf = (text: string): object => ({ index: 0, delta: { type: "text_delta", text } });

const MESSAGES: Wire = {
  type: SSE,
  open: bytes(start(), anthropicEvent("content_block_start", BLOCK)),
  word: (text) => bytes(anthropicEvent("content_block_delta", deltaOf(text))),
  end: bytes(anthropicEvent("content_block_stop", { index: 0 }), end()),
};

/** The events of an SSE text, each in a frame of InvokeModel's. */
function invoked(sse: Buffer): Buffer {
  const datas = [...sse.toString().matchAll(/^data: (.*)$/gm)].map(([, data]) => data ?? "");
  return Buffer.concat(
    datas.map((data) => writeEvent("chunk", JSON.stringify({ bytes: Buffer.from(data).toString("base64") }))),
  );
}

const INVOKE: Wire = {
  type: FRAMES,
  open: invoked(MESSAGES.open),
  word: (text) => invoked(MESSAGES.word(text)),
  end: invoked(MESSAGES.end),
};

const CONVERSE: Wire = {
  type: FRAMES,
  open: writeEvent("messageStart", '{"role":"assistant"}'),
  word: (text) => writeEvent("contentBlockDelta", JSON.stringify({ contentBlockIndex: 0, delta: { text } })),
  end: Buffer.concat([
    writeEvent("contentBlockStop", '{"contentBlockIndex":0}'),
    writeEvent("messageStop", '{"stopReason":"end_turn"}'),
    writeEvent(
      "metadata",
      '{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":1}}',
    ),
  ]),
};

const TRITON: Wire = {
  type: SSE,
  open: bytes(),
  word: (text) => bytes(tritonEvent(text)),
  end: bytes(tritonEvent("", { finish_reason: "stop" })),
};

const SAGEMAKER: Wire = {
  type: FRAMES,
  open: part(""),
  word: (text) => part(CHAT.word(text)),
  end: part(CHAT.end),
};

/** What the upstream at a path writes. */
export function wireOf({ path }: Seen): Wire {
  if (path.endsWith("/converse-stream")) return CONVERSE;
  if (path.endsWith("/invoke-with-response-stream")) return INVOKE;
  if (path.endsWith("/invocations-response-stream")) return SAGEMAKER;
  if (path.endsWith("/generate_stream")) return TRITON;
  if (path.endsWith("/messages")) return MESSAGES;
  return path.includes("/responses") ? RESPONSES : CHAT;
}
