import { createHash } from "node:crypto";

/**
 * The model behind every emulated upstream: it does what the user's last text says, so that its answer proves what has
 * reached it. Each API has a reader and a writer of its own (openai-chat.ts and so on) and refuses what the real one refuses.
 *
 *     @TAG echo TEXT          says TEXT
 *     @TAG inspect            says as JSON what it was sent (Inspection)
 *     @TAG call [["NAME", {…}], …]   calls these tools
 *     @TAG json               says an instance of the schema it was given
 *     @TAG think TEXT         thinks where it was told to, then says TEXT
 *     @TAG think-call […]     thinks, then calls
 *     @TAG count N            says the numbers 1 to N
 *     @TAG forever            never comes to an end
 *     @TAG fail KIND          fails
 *
 * After results of tools it tells them: `results NAME→TEXT | NAME→!TEXT`, `!` for a failed one.
 */
export interface Asked {
  readonly stream: boolean;
  readonly system: readonly string[];
  readonly turns: readonly Turn[];
  readonly tools: readonly AskedTool[];
  /** auto, any, none, or a tool's name. */
  readonly toolChoice: string | undefined;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
  readonly stop: readonly string[];
  readonly schema: object | undefined;
  /** Whether it shall think. */
  readonly thinks: boolean;
  readonly cachePoints: number;
  /** Whether a stream shall tell the usage, where the API tells it only when asked. */
  readonly wantsUsage?: boolean;
}

export interface AskedTool {
  readonly name: string;
  readonly description: string | undefined;
  /** Names of its properties. */
  readonly properties: readonly string[];
}

export interface Turn {
  readonly role: "user" | "assistant" | "system";
  readonly parts: readonly Part[];
}

export type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image"; readonly digest: string }
  | { readonly type: "document"; readonly name: string; readonly digest: string }
  | { readonly type: "call"; readonly id: string; readonly name: string; readonly input: string }
  | { readonly type: "result"; readonly id: string; readonly text: string; readonly isError: boolean }
  | { readonly type: "thought" };

/** What `inspect` says. */
export interface Inspection {
  readonly system: readonly string[];
  /** Instructions in the middle of the conversation. */
  readonly later: readonly string[];
  readonly turns: readonly string[];
  readonly images: readonly string[];
  readonly documents: readonly (readonly [name: string, digest: string])[];
  readonly tools: readonly AskedTool[];
  readonly toolChoice: string | null;
  readonly maxTokens: number | null;
  readonly temperature: number | null;
  readonly stop: readonly string[];
  readonly schema: boolean;
  readonly thinks: boolean;
  readonly cachePoints: number;
}

export const FAILURES = [
  "bad-request",
  "authentication",
  "permission",
  "not-found",
  "too-large",
  "rate-limit",
  "overloaded",
  "server-error",
  "timeout",
  "context",
  "mid-stream",
  "cut",
  "no-end",
] as const;
export type Failure = (typeof FAILURES)[number];

export interface Usage {
  /** With what was cached. */
  readonly input: number;
  readonly cached: number;
  /** With what was thought. */
  readonly output: number;
  readonly reasoning: number;
}

export interface Answer {
  readonly thought: string | undefined;
  /** In pieces, as they are streamed. */
  readonly text: readonly string[];
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: object }[];
  readonly stop: "end" | "stop" | "length" | "calls";
  readonly sequence: string | undefined;
  readonly usage: Usage;
  /** Told slowly, until nobody listens. */
  readonly slow: boolean;
  readonly fails: Failure | undefined;
}

/** What is remembered of a request, for the harness. */
export interface Heard {
  readonly asked: Asked;
  readonly answer: Answer;
  /** The connection was closed before the answer was complete. */
  closed: boolean;
}

/** What was said, by the tag of the command. */
export class Log {
  readonly #heard = new Map<string, Heard[]>();

  add(tag: string, asked: Asked, answer: Answer): Heard {
    const heard = { asked, answer, closed: false };
    this.#heard.set(tag, [...this.of(tag), heard]);
    return heard;
  }

  of(tag: string): readonly Heard[] {
    return this.#heard.get(tag) ?? [];
  }
}

const COMMAND = /@(\w+) ([a-z-]+) ?([^]*)$/;

export interface Command {
  readonly tag: string;
  readonly verb: string;
  readonly rest: string;
}

/** The command of the user's last text; undefined where there is none. */
export function commandOf(turns: readonly Turn[]): Command | undefined {
  for (const turn of turns.toReversed())
    for (const part of turn.role === "user" ? turn.parts.toReversed() : []) {
      const found = part.type === "text" ? COMMAND.exec(part.text) : null;
      if (found !== null) return { tag: found[1] ?? "", verb: found[2] ?? "", rest: (found[3] ?? "").trim() };
    }
  return undefined;
}

/** Does what it is told. */
export function answerTo(asked: Asked, { verb, rest }: Pick<Command, "verb" | "rest">): Answer {
  const results = lastResults(asked);
  const thinks = verb.startsWith("think") && asked.thinks;
  const plain = { thought: undefined, calls: [], slow: false, fails: undefined, text: [] };
  if (results !== undefined) return finished(asked, { ...plain, text: words(results) });
  const thought = thinks ? "I think about it." : undefined;
  switch (verb) {
    case "echo":
    case "think":
      return finished(asked, { ...plain, thought, text: words(rest) });
    case "inspect":
      return finished(asked, { ...plain, text: words(JSON.stringify(inspect(asked))) });
    case "call":
    case "think-call":
      return finished(asked, { ...plain, thought, ...calls(asked, rest) });
    case "json":
      // A model without schemas of its own is given a tool of that form.
      if (asked.schema === undefined && asked.tools.some(isPlace))
        return finished(asked, { ...plain, ...calls(asked, place(asked)) });
      return finished(asked, { ...plain, text: words(asked.schema === undefined ? "no schema" : INSTANCE) });
    case "count":
      return finished(asked, { ...plain, text: numbers(Number(rest)) });
    case "forever":
      return { ...finished(asked, plain), text: numbers(2_000), slow: true };
    case "fail":
      return { ...finished(asked, plain), text: numbers(6), fails: rest as Failure };
    default:
      return finished(asked, { ...plain, text: [`no command: ${verb}`] });
  }
}

const isPlace = ({ properties }: AskedTool): boolean => properties.join() === "city,degrees";

function place({ tools }: Asked): string {
  return JSON.stringify([[tools.find(isPlace)?.name, JSON.parse(INSTANCE)]]);
}

/** What `json` says. */
export const INSTANCE = '{"city":"Kraków","degrees":7}';

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index === 0 ? "" : " "}${index + 1}`);
}

/** With the blank before each, as tokens are. */
function words(text: string): string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function calls(asked: Asked, rest: string): Pick<Answer, "calls" | "text"> {
  const wanted = JSON.parse(rest) as [string, object][];
  const missing = wanted.find(([name]) => !asked.tools.some((tool) => tool.name === name));
  if (missing !== undefined) return { calls: [], text: [`there is no tool ${missing[0]}`] };
  return {
    text: [],
    calls: wanted.map(([name, input], index) => ({ id: `call_${index}_${digest(rest)}`, name, input })),
  };
}

/** Cuts the text where it must end, and counts. */
function finished(
  asked: Asked,
  answer: Pick<Answer, "thought" | "text" | "calls" | "slow" | "fails">,
): Answer {
  let { text } = answer;
  let stop: Answer["stop"] = answer.calls.length > 0 ? "calls" : "end";
  const whole = text.join("");
  const sequence = asked.stop.find((each) => whole.includes(each));
  if (sequence !== undefined) {
    text = words(whole.slice(0, whole.indexOf(sequence)));
    stop = "stop";
  } else if (asked.maxTokens !== undefined && text.length > asked.maxTokens) {
    text = text.slice(0, asked.maxTokens);
    stop = "length";
  }
  const reasoning = answer.thought === undefined ? 0 : words(answer.thought).length;
  return {
    ...answer,
    text,
    stop,
    sequence,
    usage: {
      input: 200 + asked.turns.length,
      cached: 128,
      output: text.length + reasoning + answer.calls.length * 9,
      reasoning,
    },
  };
}

/** What came from tools after the last answer, told in order; undefined where nothing did. */
function lastResults({ turns }: Asked): string | undefined {
  const at = turns.findLastIndex(({ role }) => role === "assistant");
  if (at === -1) return undefined;
  const results = turns.slice(at + 1).flatMap(({ parts }) => parts.filter((part) => part.type === "result"));
  if (results.length === 0) return undefined;
  const called = new Map(
    turns.flatMap(({ parts }) => parts.flatMap((part) => (part.type === "call" ? [[part.id, part]] : []))),
  );
  const told = results.map(
    ({ id, text, isError }) => `${called.get(id)?.name ?? "nothing"}→${isError ? "!" : ""}${text}`,
  );
  const thoughts = turns.some(({ parts }) => parts.some(({ type }) => type === "thought"));
  return `results ${told.join(" | ")}${thoughts ? " after a thought" : ""}`;
}

function inspect(asked: Asked): Inspection {
  const parts = asked.turns.flatMap((turn) => turn.parts);
  return {
    system: asked.system,
    later: asked.turns.flatMap((turn) => (turn.role === "system" ? textOf(turn) : [])),
    turns: asked.turns.map((turn) => `${turn.role}: ${textOf(turn)}`.replace(/@\w+ /, "")),
    images: parts.flatMap((part) => (part.type === "image" ? [part.digest] : [])),
    documents: parts.flatMap((part) => (part.type === "document" ? [[part.name, part.digest] as const] : [])),
    tools: asked.tools,
    toolChoice: asked.toolChoice ?? null,
    maxTokens: asked.maxTokens ?? null,
    temperature: asked.temperature ?? null,
    stop: asked.stop,
    schema: asked.schema !== undefined,
    thinks: asked.thinks,
    cachePoints: asked.cachePoints,
  };
}

function textOf(turn: Turn): string {
  return turn.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** The first of a SHA-256, of bytes or of base64 that stands for some. */
export function digest(data: Buffer | string): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 8);
}

/** A proof of a thought, as APIs sign them. */
export function signatureOf(thought: string): string {
  return Buffer.from(`signed ${digest(thought)}`).toString("base64");
}
