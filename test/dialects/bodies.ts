import type { Dialect } from "./clients.ts";

/** A conversation that every dialect can write, with whatever is wrong in it still in it. */
export interface Talk {
  readonly system?: readonly string[];
  readonly turns: readonly Turn[];
  readonly tools?: readonly ToolWish[];
  readonly most?: unknown;
  readonly temperature?: unknown;
  readonly stop?: unknown;
}

export interface Turn {
  readonly role: string;
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly text: string }
  | { readonly call: { readonly id: unknown; readonly name: string; readonly input?: object } }
  | { readonly result: { readonly id: unknown; readonly text: string } }
  | { readonly image: { readonly type: string; readonly data: string } }
  | { readonly file: { readonly name: string; readonly data: string } };

export interface ToolWish {
  readonly name: string;
  readonly schema?: unknown;
}

export const user = (...parts: readonly Part[]): Turn => ({ role: "user", parts });
export const assistant = (...parts: readonly Part[]): Turn => ({ role: "assistant", parts });
export const text = (words: string): Part => ({ text: words });
export const call = (id: unknown, name = "look", input: object = {}): Part => ({ call: { id, name, input } });
export const result = (id: unknown, words = "done"): Part => ({ result: { id, text: words } });
export const HI = user(text("hi"));
export const LOOK: ToolWish = { name: "look" };

type Json = Readonly<Record<string, unknown>>;

/** The body of a talk, without model and stream. */
export function write(dialect: Dialect, talk: Talk): Json {
  return WRITERS[dialect](talk);
}

const WRITERS: Readonly<Record<Dialect, (talk: Talk) => Json>> = {
  openai: (talk) => ({
    messages: [
      ...(talk.system ?? []).map((content) => ({ role: "system", content })),
      ...talk.turns.flatMap(openAiMessages),
    ],
    ...(talk.tools && {
      tools: talk.tools.map(({ name, schema }) => ({
        type: "function",
        function: { name, parameters: schema },
      })),
    }),
    max_tokens: talk.most,
    temperature: talk.temperature,
    stop: talk.stop,
  }),
  responses: (talk) => ({
    input: [
      ...(talk.system ?? []).map((content) => ({ role: "system", content })),
      ...talk.turns.flatMap(responsesItems),
    ],
    ...(talk.tools && {
      tools: talk.tools.map(({ name, schema }) => ({
        type: "function",
        name,
        parameters: schema,
        strict: false,
      })),
    }),
    max_output_tokens: talk.most,
    temperature: talk.temperature,
  }),
  anthropic: (talk) => ({
    max_tokens: "most" in talk ? talk.most : 100,
    ...(talk.system && { system: talk.system.map((words) => ({ type: "text", text: words })) }),
    messages: talk.turns.map(({ role, parts }) => ({ role, content: parts.map(anthropicBlock) })),
    ...(talk.tools && {
      tools: talk.tools.map(({ name, schema }) => ({ name, input_schema: schema ?? { type: "object" } })),
    }),
    temperature: talk.temperature,
    stop_sequences: talk.stop,
  }),
  bedrock: (talk) => ({
    ...(talk.system && { system: talk.system.map((words) => ({ text: words })) }),
    messages: talk.turns.map(({ role, parts }) => ({ role, content: parts.map(converseBlock) })),
    ...(talk.tools && {
      toolConfig: {
        tools: talk.tools.map(({ name, schema }) => ({
          toolSpec: { name, inputSchema: { json: schema ?? { type: "object" } } },
        })),
      },
    }),
    inferenceConfig: { maxTokens: talk.most, temperature: talk.temperature, stopSequences: talk.stop },
  }),
};

function openAiMessages({ role, parts }: Turn): Json[] {
  const calls = parts.flatMap((part) =>
    "call" in part
      ? [
          {
            id: part.call.id,
            type: "function",
            function: { name: part.call.name, arguments: JSON.stringify(part.call.input ?? {}) },
          },
        ]
      : [],
  );
  const results = parts.flatMap((part) =>
    "result" in part ? [{ role: "tool", tool_call_id: part.result.id, content: part.result.text }] : [],
  );
  const content = parts.flatMap((part) => openAiPart(part));
  const hasMessage = content.length > 0 || calls.length > 0 || parts.length === 0;
  const message = { role, content: calls.length > 0 && content.length === 0 ? null : content };
  return [
    ...results,
    ...(hasMessage ? [{ ...message, ...(calls.length > 0 && { tool_calls: calls }) }] : []),
  ];
}

function openAiPart(part: Part): Json[] {
  if ("text" in part) return [{ type: "text", text: part.text }];
  if ("image" in part)
    return [{ type: "image_url", image_url: { url: dataUrl(part.image.type, part.image.data) } }];
  if ("file" in part)
    return [
      {
        type: "file",
        file: { filename: part.file.name, file_data: dataUrl("application/pdf", part.file.data) },
      },
    ];
  return [];
}

function responsesItems({ role, parts }: Turn): Json[] {
  if (parts.length === 0) return [{ role, content: [] }];
  return parts.map((part) => {
    if ("call" in part)
      return {
        type: "function_call",
        call_id: part.call.id,
        name: part.call.name,
        arguments: JSON.stringify(part.call.input ?? {}),
      };
    if ("result" in part)
      return { type: "function_call_output", call_id: part.result.id, output: part.result.text };
    return { role, content: [responsesPart(part, role)] };
  });
}

function responsesPart(part: Exclude<Part, { call: unknown } | { result: unknown }>, role: string): Json {
  if ("image" in part) return { type: "input_image", image_url: dataUrl(part.image.type, part.image.data) };
  if ("file" in part)
    return {
      type: "input_file",
      filename: part.file.name,
      file_data: dataUrl("application/pdf", part.file.data),
    };
  return { type: role === "assistant" ? "output_text" : "input_text", text: part.text };
}

function anthropicBlock(part: Part): Json {
  if ("call" in part)
    return { type: "tool_use", id: part.call.id, name: part.call.name, input: part.call.input ?? {} };
  if ("result" in part)
    return { type: "tool_result", tool_use_id: part.result.id, content: part.result.text };
  if ("image" in part)
    return { type: "image", source: { type: "base64", media_type: part.image.type, data: part.image.data } };
  if ("file" in part)
    return {
      type: "document",
      title: part.file.name,
      source: { type: "base64", media_type: "application/pdf", data: part.file.data },
    };
  return { type: "text", text: part.text };
}

function converseBlock(part: Part): Json {
  if ("call" in part)
    return { toolUse: { toolUseId: part.call.id, name: part.call.name, input: part.call.input ?? {} } };
  if ("result" in part)
    return { toolResult: { toolUseId: part.result.id, content: [{ text: part.result.text }] } };
  if ("image" in part)
    return {
      image: { format: part.image.type.replace("image/", ""), source: { bytes: part.image.data } },
    };
  if ("file" in part)
    return { document: { name: part.file.name, format: "pdf", source: { bytes: part.file.data } } };
  return { text: part.text };
}

function dataUrl(type: string, data: string): string {
  return `data:${type};base64,${data}`;
}
