import { chunk, DONE, plain, sse, USAGE, type Script } from "../support/engine.ts";

/** An engine that speaks OpenAI's chat and says what the pages show, so that they read like real conversations. */

interface Asked {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
  readonly tool_choice?: unknown;
  readonly response_format?: { readonly type: string };
}

interface Said {
  readonly text?: string;
  readonly call?: { readonly name: string; readonly arguments: string };
}

const CITY = JSON.stringify({ city: "Paris", country: "France" });

export const answering: Script = (request, response) => {
  const asked = JSON.parse(request.raw.toString()) as Asked;
  const said = answerTo(asked);
  if (asked.stream !== true) return plain(response, 200, body(asked.model, said));
  sse(response);
  for (const frame of frames(asked.model, said)) response.write(frame);
  response.end(DONE);
};

function answerTo({ messages, tools = [], tool_choice: choice, response_format: format }: Asked): Said {
  const last = messages.at(-1);
  if (last?.role === "tool") return { text: "It is 21 °C in Paris." };
  const text = JSON.stringify(last?.content ?? "");
  const [tool] = tools;
  if (
    tool !== undefined &&
    choice !== "none" &&
    (choice === "required" || isNamed(choice) || /weather/.test(text))
  )
    return {
      call: {
        name: tool.function.name,
        arguments: tool.function.name === "get_weather" ? '{"city":"Paris"}' : CITY,
      },
    };
  if (format !== undefined && format.type !== "text") return { text: CITY };
  return { text: /capital/.test(text) ? "The capital of France is Paris." : "Hello!" };
}

function isNamed(choice: unknown): boolean {
  return typeof choice === "object" && choice !== null;
}

function body(model: string, { text, call }: Said): string {
  const calls = call && [{ id: "call_1", type: "function", function: call }];
  const message = { role: "assistant", content: text ?? null, ...(calls && { tool_calls: calls }) };
  return JSON.stringify({
    id: "c1",
    object: "chat.completion",
    created: 1,
    model,
    choices: [{ index: 0, message, finish_reason: calls ? "tool_calls" : "stop" }],
    usage: USAGE,
  });
}

function frames(model: string, { text = "", call }: Said): string[] {
  const head = { id: "c1", object: "chat.completion.chunk", created: 1, model };
  const frame = (choices: unknown[], more: object = {}): string =>
    `data: ${JSON.stringify({ ...head, choices, ...more })}\n\n`;
  const calls =
    call &&
    frame([
      {
        index: 0,
        delta: { tool_calls: [{ index: 0, id: "call_1", type: "function", function: call }] },
        finish_reason: null,
      },
    ]);
  return [
    ...(calls ? [calls] : (text.match(/\S+\s*/g) ?? []).map(chunk)),
    frame([{ index: 0, delta: {}, finish_reason: calls ? "tool_calls" : "stop" }]),
    frame([], { usage: USAGE }),
  ];
}
