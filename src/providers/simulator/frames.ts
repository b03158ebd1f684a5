import type { Answer, ToolCall } from "./answer.ts";

/** An answer in the OpenAI dialect: as one body, or as the events of a stream. */
export interface Frame {
  readonly bytes: Buffer;
  /** Output tokens in it, which is how long it takes to appear. */
  readonly tokens: number;
}

interface Head {
  readonly id: string;
  readonly model: string;
  /** Unix seconds. */
  readonly created: number;
}

export const DONE = Buffer.from("data: [DONE]\n\n");

export function chatBody(head: Head, answers: readonly Answer[]): Buffer {
  const choices = answers.map((answer, index) => ({
    index,
    message: {
      role: "assistant",
      content: answer.toolCalls.length > 0 ? null : answer.tokens.join(""),
      ...(answer.toolCalls.length > 0 && { tool_calls: answer.toolCalls.map(toolCall) }),
    },
    logprobs: null,
    finish_reason: answer.finishReason,
  }));
  return json({ ...head, object: "chat.completion", choices, usage: usageOf(answers) });
}

/** The events of a stream, without the end marker. */
export function chatFrames(head: Head, answers: readonly Answer[], includeUsage: boolean): Frame[] {
  const chunk = (choices: readonly object[], tokens: number, rest: object = {}): Frame => ({
    bytes: event({ ...head, object: "chat.completion.chunk", choices, ...rest }),
    tokens,
  });
  const delta = (index: number, content: object, finish: string | null = null): object[] => [
    { index, delta: content, finish_reason: finish },
  ];
  const frames: Frame[] = [];
  for (const [index, answer] of answers.entries()) {
    frames.push(
      chunk(delta(index, { role: "assistant", content: answer.toolCalls.length > 0 ? null : "" }), 0),
    );
    for (const token of answer.tokens) frames.push(chunk(delta(index, { content: token }), 1));
    for (const [position, call] of answer.toolCalls.entries()) {
      const opened = { index: position, ...toolCall({ ...call, arguments: "" }) };
      frames.push(chunk(delta(index, { tool_calls: [opened] }), 4));
      for (const piece of call.arguments.match(/[^]{1,12}/g) ?? []) {
        frames.push(
          chunk(delta(index, { tool_calls: [{ index: position, function: { arguments: piece } }] }), 3),
        );
      }
    }
    frames.push(chunk(delta(index, {}, answer.finishReason), 0));
  }
  if (includeUsage) frames.push(chunk([], 0, { usage: usageOf(answers) }));
  return frames;
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function usageOf(answers: readonly Answer[]): object {
  const prompt = answers[0]?.inputTokens ?? 0;
  const completion = answers.reduce((sum, answer) => sum + answer.outputTokens, 0);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function event(value: unknown): Buffer {
  return Buffer.from(`data: ${JSON.stringify(value)}\n\n`);
}

function toolCall(call: ToolCall): object {
  return { id: call.id, type: "function", function: { name: call.name, arguments: call.arguments } };
}
