import { createProvider } from "../../src/providers/registry.ts";
import { Engine, failing, plain, sse, type Script } from "../support/engine.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const SECRET = "sk-upstream-secret-1234567890";
const WORDS = ["one ", "two ", "three ", "four ", "five"];

const USAGE = {
  input_tokens: 12,
  input_tokens_details: { cached_tokens: 4, cache_write_tokens: 0 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 2 },
  total_tokens: 17,
};

function response(status: string, output: readonly object[], usage: object | null): object {
  return { id: "resp_1", object: "response", created_at: 1, model: "m", status, output, usage, error: null };
}

function message(text: string): object {
  const content = [{ type: "output_text", text, annotations: [] }];
  return { id: "msg_1", type: "message", role: "assistant", status: "completed", content };
}

function event(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

const CREATED = event("response.created", { response: response("in_progress", [], null) });
const ADDED = event("response.output_item.added", { output_index: 0, item: { ...message(""), content: [] } });

function delta(text: string): string {
  return event("response.output_text.delta", {
    item_id: "msg_1",
    output_index: 0,
    content_index: 0,
    delta: text,
  });
}

/** Answers as OpenAI does: plain or streaming as asked. */
function answer(done: string): Script {
  const whole = response("completed", [message(WORDS.join(""))], USAGE);
  return (request, reply) => {
    const { stream } = JSON.parse(request.raw.toString()) as { stream?: boolean };
    if (stream !== true) return plain(reply, 200, JSON.stringify(whole));
    sse(reply);
    reply.write(CREATED + ADDED);
    for (const word of WORDS) reply.write(delta(word));
    reply.write(event("response.output_item.done", { output_index: 0, item: message(WORDS.join("")) }));
    reply.end(event("response.completed", { response: whole }) + done);
  };
}

function scripts(done: string): Readonly<Record<Exclude<Scenario, "away">, Script>> {
  return {
    answer: answer(done),
    throttle: failing(429, '{"error":{"message":"slow down"}}', { "retry-after": "7" }),
    fail: failing(500),
    reject: failing(400, '{"error":{"message":"no such tool","type":"invalid_request_error"}}'),
    deny: failing(401, `{"error":{"message":"bad key ${SECRET}"}}`, { "x-api-key": SECRET }),
    cut: (_request, reply) => {
      sse(reply);
      reply.write(CREATED + ADDED + delta("a part"));
      setTimeout(() => reply.destroy(), 30);
    },
    hang: () => {},
  };
}

interface Options {
  readonly name: string;
  readonly responses: "pass" | "only";
  /** What the engine puts after its last event. */
  readonly done: string;
}

function subject({ name, responses, done }: Options): Subject {
  return {
    kind: "openai-compatible",
    name,
    async open(scenario): Promise<Opened> {
      const engine = await Engine.start(scripts(done)[scenario === "away" ? "hang" : scenario]);
      const { url } = engine;
      if (scenario === "away") await engine[Symbol.asyncDispose]();
      const provider = createProvider("subject", {
        kind: "openai-compatible",
        baseUrl: url,
        apiKey: SECRET,
        vendor: undefined,
        apiVersion: undefined,
        responses,
        connections: 4,
      });
      return {
        provider,
        model: "m",
        secret: SECRET,
        noticedCancel: () => engine.seen.some((seen) => seen.closedEarly),
        async [Symbol.asyncDispose]() {
          if (scenario !== "away") await engine[Symbol.asyncDispose]();
          await provider.close();
        },
      };
    },
  };
}

/** Clients of chat completions in front of an upstream that has Responses alone. */
export const responsesOnlySubject = subject({
  name: "openai-compatible, by Responses only",
  responses: "only",
  done: "",
});

/** Clients of Responses, which pass; in front of OpenAI, and of engines that end their streams as chat's do. */
export const responsesSubjects: readonly Subject[] = [
  subject({ name: "Responses, as OpenAI ends them", responses: "pass", done: "" }),
  subject({ name: "Responses, with [DONE] after them", responses: "pass", done: "data: [DONE]\n\n" }),
];
