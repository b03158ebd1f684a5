import { plain, sse, type Script } from "../support/engine.ts";

// An engine that speaks Anthropic's Messages, for scripted upstreams.

export const USAGE = {
  input_tokens: 12,
  cache_read_input_tokens: 0,
  cache_creation_input_tokens: 0,
  output_tokens: 5,
  service_tier: "standard",
};

/** One event as it goes over the wire. */
export function event(type: string, members: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

export function start(usage: object = { ...USAGE, output_tokens: 1 }): string {
  const begun = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5-20250929",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  return event("message_start", { message: begun });
}

export function textBlock(index: number, ...words: readonly string[]): string {
  return [
    event("content_block_start", { index, content_block: { type: "text", text: "" } }),
    ...words.map((text) => event("content_block_delta", { index, delta: { type: "text_delta", text } })),
    event("content_block_stop", { index }),
  ].join("");
}

export function end(reason = "end_turn", usage: object = { output_tokens: 5 }): string {
  return (
    event("message_delta", { delta: { stop_reason: reason, stop_sequence: null }, usage }) +
    event("message_stop")
  );
}

export const PING = event("ping");

/** A plain reply with a member that nobody knows and a number that JavaScript cannot hold. */
export function message(text: string): string {
  return `{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{"type":"text","text":${JSON.stringify(text)}}],"stop_reason":"end_turn","stop_sequence":null,"usage":${JSON.stringify(USAGE)},"x_engine":{"seed":12345678901234567890}}`;
}

/** Answers like Anthropic: plain or streaming as asked; counts what it is asked to count. */
export function answer(words: readonly string[] = ["one ", "two ", "three"]): Script {
  return (request, response) => {
    if (request.path.endsWith("/count_tokens")) return plain(response, 200, '{"input_tokens":14}');
    const body = JSON.parse(request.raw.toString()) as { stream?: boolean };
    if (body.stream !== true) return plain(response, 200, message(words.join("")));
    sse(response);
    response.write(start() + PING);
    for (const piece of split(textBlock(0, ...words))) response.write(piece);
    response.end(end());
  };
}

function split(events: string): string[] {
  return events.split(/(?<=\n\n)/);
}

/** Anthropic's form of an error. https://platform.claude.com/docs/en/api/errors */
export function error(type: string, said: string): string {
  return JSON.stringify({ type: "error", error: { type, message: said }, request_id: "req_1" });
}
