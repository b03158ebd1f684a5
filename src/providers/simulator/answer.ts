import { instanceOf } from "./schema-instance.ts";
import { brief } from "../../core/text.ts";
import type { Random } from "./random.ts";

/** The parts of a chat request that the simulator looks at; everything else it takes and ignores, as engines do. */
export interface SimulatedRequest {
  readonly model?: unknown;
  readonly messages?: unknown;
  readonly tools?: unknown;
  readonly tool_choice?: unknown;
  readonly parallel_tool_calls?: unknown;
  readonly response_format?: unknown;
  readonly max_tokens?: unknown;
  readonly max_completion_tokens?: unknown;
  readonly n?: unknown;
}

/** What the simulated model says: text, or calls of tools. */
export interface Answer {
  /** The reply's tokens, in order; joined they are the text. Empty where tools are called. */
  readonly tokens: readonly string[];
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: "stop" | "length" | "tool_calls";
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text */
  readonly arguments: string;
}

const SENTENCES = [
  "This reply is simulated: no model was asked and nothing left this machine.",
  "Point a target at a real engine to get real answers.",
  "Switchyard decided the route, set the deadlines and counted the tokens all the same.",
  "Streams, tools, JSON mode and embeddings behave as an engine's would.",
  "Times to the first token and between tokens follow the configured medians.",
  "The token counts are estimates of the simulator, good enough to try budgets and dashboards.",
] as const;

/** Bytes of text a token stands for; the usual rule of thumb for English, which is all a simulator needs. */
const BYTES_PER_TOKEN = 4;
const TOKENS_PER_MESSAGE = 4;

/** @returns the answer, or a sentence that says why the request cannot be answered */
export function answerTo(request: SimulatedRequest, random: Random): Answer | string {
  const { messages } = request;
  if (!Array.isArray(messages) || messages.length === 0)
    return "messages: expected a list with at least one message";
  const inputTokens = messages.reduce<number>(
    (sum, message) => sum + TOKENS_PER_MESSAGE + tokensOf(textOf(message)),
    0,
  );
  const toolCalls = chooseTools(request, messages, random);
  if (toolCalls.length > 0) {
    const outputTokens = toolCalls.reduce((sum, call) => sum + 8 + tokensOf(call.arguments), 0);
    return { tokens: [], toolCalls, finishReason: "tool_calls", inputTokens, outputTokens };
  }
  const all = tokenize(replyText(request, messages, random));
  const limit = firstCount(request.max_completion_tokens, request.max_tokens);
  const tokens = limit === undefined ? all : all.slice(0, limit);
  const finishReason = tokens.length < all.length ? "length" : "stop";
  return { tokens, toolCalls: [], finishReason, inputTokens, outputTokens: tokens.length };
}

/** Estimated tokens of a text. */
export function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function replyText(request: SimulatedRequest, messages: readonly unknown[], random: Random): string {
  const format = asRecord(request.response_format);
  if (format["type"] === "json_object") return JSON.stringify({ simulated: true, answer: SENTENCES[0] });
  if (format["type"] === "json_schema") {
    return JSON.stringify(instanceOf(asRecord(format["json_schema"])["schema"]));
  }
  const asked = brief(textOf(messages.at(-1)), 80).trim();
  const first = Math.floor(random() * SENTENCES.length);
  const count = 2 + Math.floor(random() * 3);
  const body = Array.from(
    { length: count },
    (_, index) => SENTENCES[(first + index) % SENTENCES.length],
  ).join(" ");
  return asked === "" ? body : `You said "${asked}". ${body}`;
}

/** The tools that the last user message names, else the first; none after a tool's result, so that loops end. */
function chooseTools(request: SimulatedRequest, messages: readonly unknown[], random: Random): ToolCall[] {
  const tools = Array.isArray(request.tools)
    ? request.tools.map((tool) => asRecord(asRecord(tool)["function"]))
    : [];
  const last = asRecord(messages.at(-1));
  if (tools.length === 0 || request.tool_choice === "none" || last["role"] === "tool") return [];
  const forced = asRecord(asRecord(request.tool_choice)["function"])["name"];
  const asked = textOf(last).toLowerCase();
  const named = tools.filter((tool) =>
    forced === undefined ? asked.includes(String(tool["name"]).toLowerCase()) : tool["name"] === forced,
  );
  const chosen = named.length > 0 ? named : tools.slice(0, 1);
  return (request.parallel_tool_calls === false ? chosen.slice(0, 1) : chosen).map((tool) => ({
    id: `call_${Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0")}`,
    name: String(tool["name"]),
    arguments: JSON.stringify(instanceOf(tool["parameters"]) ?? {}),
  }));
}

function tokenize(text: string): string[] {
  return text.match(/ *[^ ]{1,8}| +$/gu) ?? [];
}

/** The text of a message: a string, or the text parts of a list. */
function textOf(message: unknown): string {
  const { content } = asRecord(message);
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .flatMap((part) => (typeof asRecord(part)["text"] === "string" ? [String(asRecord(part)["text"])] : []))
    .join(" ");
}

function firstCount(...values: readonly unknown[]): number | undefined {
  return values.find(
    (value): value is number => typeof value === "number" && Number.isInteger(value) && value > 0,
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
