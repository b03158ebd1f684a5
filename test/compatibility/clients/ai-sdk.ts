import {
  APICallError,
  DownloadError,
  generateText,
  stepCountIs,
  jsonSchema,
  Output,
  streamText,
  tool,
  UnsupportedFunctionalityError,
  type FinishReason,
  type LanguageModel,
  type LanguageModelUsage,
  type ModelMessage,
  type Schema,
  type SystemModelMessage,
  type ToolSet,
  type Warning,
} from "ai";
import type { Ask, AskMessage, AskPart, Finish, Seen } from "../ask.ts";
import type { Client, ErrorTable, Failed, Outcome, Where } from "../client.ts";
import { Calls, cannot, outcome, resultOf, seconds, textsOf, Thrown } from "./shared.ts";

// Warnings are read, not printed.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

type ProviderOptions = NonNullable<SystemModelMessage["providerOptions"]>;

/** One of the SDK's provider packages. */
export interface AiProvider {
  readonly name: string;
  readonly packages: readonly string[];
  readonly dialect: Client["dialect"];
  readonly errors: ErrorTable;
  model(where: Where, calls: Calls, ask: Ask): LanguageModel;
  thinking(model: string): ProviderOptions;
  readonly hidesThoughts?: boolean;
  /** Marks a system prompt for the cache; absent where the package has no way. */
  readonly cache?: ProviderOptions;
  /** How a conversation goes on from a response; absent where the package has no way. */
  next?(responseId: string): ProviderOptions;
}

/** All errors of calls are of one class; what it is about, its status says. */
export function aiErrors(status: {
  readonly server: number;
  readonly timeout: number;
  readonly unknown: number;
}): ErrorTable {
  const name = "APICallError";
  return {
    "bad-request": { name },
    authentication: { name, status: status.unknown },
    permission: { name, status: 403 },
    "not-found": { name, status: 404 },
    "too-large": { name },
    "rate-limit": { name, status: 429 },
    "server-error": { name, status: status.server },
    overloaded: { name },
    timeout: { name, status: status.timeout },
    // In mid-stream the SDK hands on what the provider said, which is of no class of its own.
    stream: {
      name: `${name}|InvalidResponseDataError|TypeValidationError|EventStreamError|Error|StreamError`,
    },
  };
}

export function aiClient(provider: AiProvider): Client {
  return {
    name: provider.name,
    packages: ["ai", ...provider.packages],
    dialect: provider.dialect,
    errors: provider.errors,
    ...(provider.hidesThoughts === true && { hidesThoughts: true }),
    ask(where, ask): Promise<Outcome> {
      const calls = new Calls();
      return outcome(calls, () => run(provider, where, calls, ask), failure);
    },
  };
}

/** What a stream told as its error. */
class StreamError extends Error {
  readonly said: unknown;

  constructor(said: unknown) {
    super(typeof said === "string" ? said : said instanceof Error ? said.message : JSON.stringify(said));
    this.said = said;
  }
}

function failure(error: unknown): Omit<Failed, "text" | "requests"> | undefined {
  if (UnsupportedFunctionalityError.isInstance(error)) cannot(`has no ${error.functionality}`);
  if (DownloadError.isInstance(error)) cannot("fetches by itself, from public addresses alone");
  if (error instanceof StreamError) {
    const { said } = error;
    return APICallError.isInstance(said)
      ? failure(said)
      : { name: "StreamError", status: undefined, code: "", message: error.message };
  }
  if (!APICallError.isInstance(error)) return undefined;
  const { statusCode, message, responseBody, responseHeaders } = error;
  return {
    name: "APICallError",
    status: statusCode,
    code: codeOf(responseBody),
    message,
    retryAfter: seconds(responseHeaders?.["retry-after"]),
  };
}

function codeOf(body: string | undefined): string {
  try {
    return (JSON.parse(body ?? "") as { error?: { code?: string } }).error?.code ?? "";
  } catch {
    return "";
  }
}

async function run(
  provider: AiProvider,
  where: Where,
  calls: Calls,
  ask: Ask,
): Promise<Omit<Seen, "requests">> {
  if (ask.count === true) cannot("has no counting");
  const settings = settingsOf(provider, where, calls, ask);
  if (ask.next === undefined) return ask.stream === true ? streamed(settings, ask) : plain(settings, ask);
  if (provider.next === undefined) cannot("has no responses to go on from");
  const first = await generateText(settings);
  const providerOptions = provider.next(first.response.id);
  return plain({ ...settings, messages: [{ role: "user", content: ask.next }], providerOptions }, ask);
}

type Settings = Parameters<typeof generateText>[0] & { readonly messages: ModelMessage[] };

function settingsOf(provider: AiProvider, where: Where, calls: Calls, ask: Ask): Settings {
  const { toolChoice } = ask;
  if (ask.systemRole !== undefined) cannot("writes the role itself");
  return {
    model: provider.model(where, calls, ask),
    maxRetries: 0,
    ...(ask.system && { instructions: systemOf(ask.system, ask.cache === true, provider) }),
    allowSystemInMessages: true,
    messages: ask.messages.map(messageOf),
    ...(ask.tools && { tools: toolsOf(ask) }),
    ...(ask.results && { stopWhen: stepCountIs(2) }),
    ...(toolChoice !== undefined && {
      toolChoice: toolChoice === "any" ? "required" : { type: "tool", toolName: toolChoice.tool },
    }),
    ...(ask.maxTokens !== undefined && { maxOutputTokens: ask.maxTokens }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(ask.stop && { stopSequences: [...ask.stop] }),
    ...(ask.schema && { output: Output.object({ schema: jsonSchema(ask.schema), name: "place" }) }),
    ...(ask.thinking === true && { providerOptions: provider.thinking(where.model) }),
  };
}

function systemOf(system: readonly string[], isCached: boolean, { cache }: AiProvider): SystemModelMessage[] {
  if (isCached && cache === undefined) cannot("marks nothing for caches");
  return system.map((content) => ({
    role: "system",
    content,
    ...(isCached && cache && { providerOptions: cache }),
  }));
}

function toolsOf(ask: Ask): ToolSet {
  return Object.fromEntries(
    (ask.tools ?? []).map(({ name, description, schema }) => [
      name,
      toolOf(ask, name, { description, inputSchema: jsonSchema(schema) }),
    ]),
  );
}

function toolOf(
  ask: Ask,
  name: string,
  described: { description: string; inputSchema: Schema },
): ToolSet[string] {
  if (ask.results === undefined) return tool(described);
  return tool({
    ...described,
    execute: async () => {
      const { text, error } = resultOf(ask, name);
      if (error) throw new Error(text);
      return text;
    },
  });
}

function messageOf({ role, parts }: AskMessage): ModelMessage {
  if (role !== "user") return { role, content: textsOf(parts) };
  return { role, content: parts.map(partOf) };
}

function partOf(
  part: AskPart,
):
  | { type: "text"; text: string }
  | { type: "file"; data: URL | string; mediaType: string; filename?: string } {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "file", data: part.base64, mediaType: part.mediaType };
    case "image-url":
      return { type: "file", data: new URL(part.url), mediaType: "image/png" };
    case "document":
      return { type: "file", data: part.base64, mediaType: part.mediaType, filename: part.name };
    case "text-document":
      return {
        type: "file",
        data: Buffer.from(part.text).toString("base64"),
        mediaType: "text/plain",
        filename: part.name,
      };
    default:
      return part satisfies never;
  }
}

async function plain(settings: Settings, ask: Ask): Promise<Omit<Seen, "requests">> {
  const result = await generateText(settings);
  refuseWarned(result.finalStep.warnings);
  return seenOf(result.finalStep, ask.schema && (result.output as unknown));
}

async function streamed(settings: Settings, ask: Ask): Promise<Omit<Seen, "requests">> {
  const abort = new AbortController();
  const result = streamText({
    ...settings,
    abortSignal: abort.signal,
    onError: () => undefined,
  });
  let text = "";
  for await (const part of result.stream) {
    if (part.type === "error") throw new Thrown(new StreamError(part.error), text);
    if (part.type === "text-delta") text += part.text;
    if (ask.abort === true && text !== "") abort.abort();
    if (part.type === "abort") return { text, thoughts: "", calls: [], finish: "none" };
  }
  const steps = await result.steps;
  const last = steps.at(-1);
  if (last === undefined) throw new Error("there is no step");
  refuseWarned(last.warnings);
  return seenOf(last, ask.schema && ((await result.output) as unknown));
}

/** What the SDK itself leaves out of the request, and says so. */
function refuseWarned(warnings: readonly Warning[] | undefined): void {
  for (const warning of warnings ?? [])
    if (warning.type === "unsupported" && !HARMLESS.has(warning.feature))
      cannot(`leaves out ${warning.feature}`);
}

/** Budgets of thought become efforts where the package does not know the model. */
const HARMLESS: ReadonlySet<string> = new Set(["budgetTokens"]);

interface Step {
  readonly text: string;
  readonly reasoningText: string | undefined;
  readonly toolCalls: readonly { readonly toolName: string; readonly input: unknown }[];
  readonly finishReason: FinishReason;
  readonly usage: LanguageModelUsage;
}

const FINISHES: Readonly<Record<string, Finish>> = { stop: "end", length: "length", "tool-calls": "calls" };

function seenOf(
  { text, reasoningText, toolCalls, finishReason, usage }: Step,
  object: unknown,
): Omit<Seen, "requests"> {
  const { inputTokens, outputTokens, inputTokenDetails, outputTokenDetails } = usage;
  return {
    text,
    thoughts: reasoningText ?? "",
    calls: toolCalls.map(({ toolName: name, input }) => ({ name, input })),
    finish: FINISHES[finishReason] ?? "other",
    ...(inputTokens !== undefined &&
      outputTokens !== undefined && {
        usage: {
          input: inputTokens,
          output: outputTokens,
          cached: inputTokenDetails.cacheReadTokens,
          reasoning: outputTokenDetails.reasoningTokens,
        },
      }),
    ...(object !== undefined && { object }),
  };
}
