import assert from "node:assert/strict";
import test from "node:test";
import { scanObject } from "../../core/json-scan.ts";
import type { UpstreamCall } from "../provider.ts";
import { planReply, type Plan } from "./plan.ts";

interface Chunk {
  readonly object: string;
  readonly choices: readonly {
    readonly index: number;
    readonly delta?: {
      readonly content?: string | null;
      readonly tool_calls?: readonly {
        readonly index: number;
        readonly id?: string;
        readonly function: { readonly name?: string; readonly arguments: string };
      }[];
    };
    readonly message?: {
      readonly content: string | null;
      readonly tool_calls?: readonly {
        readonly id: string;
        readonly function: { readonly arguments: string };
      }[];
    };
    readonly finish_reason: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    readonly total_tokens: number;
  };
}

interface Asked {
  readonly stream?: boolean;
  readonly n?: number;
  readonly stream_options?: { readonly include_usage: boolean };
}

function planOf(body: Asked & Readonly<Record<string, unknown>>, call: Partial<UpstreamCall> = {}): Plan {
  const bytes = Buffer.from(JSON.stringify({ messages: [{ role: "user", content: "hello" }], ...body }));
  const request: UpstreamCall["request"] = {
    dialect: "openai",
    operation: "chat",
    bytes,
    members: scanObject(bytes),
    inside: 1,
    model: "m",
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
    maxOutputTokens: undefined,
    choices: body.n ?? 1,
    store: false,
    wordEdits: new Map(),
    headers: {},
  };
  const asked = {
    request,
    model: "sim",
    outputCap: undefined,
    connectTimeoutMs: 1,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
    ...call,
  };
  return planReply(asked, { firstToken: 100, tokensPerSecond: 50, faults: [] }, undefined, 1);
}

function bodyOf(plan: Plan): Chunk {
  return JSON.parse(plan.body?.toString() ?? "") as Chunk;
}

function chunksOf(plan: Plan): Chunk[] {
  return plan.frames.map(({ bytes }) => {
    const text = bytes.toString();
    assert.match(text, /^data: \{.*\}\n\n$/);
    return JSON.parse(text.slice(6)) as Chunk;
  });
}

/** A choice's text and tool arguments, put together from a stream. */
function assembled(
  chunks: readonly Chunk[],
  choice: number,
): { text: string; calls: string[]; finish: (string | null)[] } {
  const text: string[] = [];
  const calls: string[] = [];
  const finish: (string | null)[] = [];
  for (const one of chunks.flatMap(({ choices }) => choices).filter(({ index }) => index === choice)) {
    text.push(one.delta?.content ?? "");
    for (const call of one.delta?.tool_calls ?? [])
      calls[call.index] = (calls[call.index] ?? "") + call.function.arguments;
    if (one.finish_reason !== null) finish.push(one.finish_reason);
  }
  return { text: text.join(""), calls, finish };
}

test("a stream says the same as the plain reply to the same words", () => {
  const chunks = chunksOf(planOf({ stream: true }));
  const { text, finish } = assembled(chunks, 0);
  assert.match(text, /^You said "hello"\. /);
  assert.deepEqual(finish, ["stop"]);
  assert.equal(bodyOf(planOf({})).choices[0]?.message?.content?.startsWith('You said "hello". '), true);
});

test("n choices are numbered from 0, in a plain reply and in a stream, and all are counted", () => {
  const plan = planOf({ n: 3 });
  const { choices, usage } = bodyOf(plan);
  assert.deepEqual(
    choices.map(({ index }) => index),
    [0, 1, 2],
  );
  assert.equal(usage?.completion_tokens, plan.usage?.outputTokens);
  assert.equal(usage?.total_tokens, (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  const chunks = chunksOf(planOf({ n: 3, stream: true }));
  for (const choice of [0, 1, 2]) assert.deepEqual(assembled(chunks, choice).finish, ["stop"]);
});

test("a streamed tool call is named once, and its pieces are the arguments", () => {
  const parameters = {
    type: "object",
    properties: { city: { type: "string" }, country: { type: "string" } },
  };
  const tools = ["first_tool", "second_tool"].map((name) => ({
    type: "function",
    function: { name, parameters },
  }));
  const body = { tools, messages: [{ role: "user", content: "first_tool second_tool" }] };
  const chunks = chunksOf(planOf({ ...body, stream: true }));
  const { calls, finish, text } = assembled(chunks, 0);
  assert.deepEqual(
    calls.map((call) => JSON.parse(call) as unknown),
    Array.from({ length: 2 }, () => ({ city: "simulated", country: "simulated" })),
  );
  assert.deepEqual(finish, ["tool_calls"]);
  assert.equal(text, "");
  const named = chunks
    .flatMap(({ choices }) => choices.flatMap(({ delta }) => delta?.tool_calls ?? []))
    .filter(({ id }) => id !== undefined);
  assert.deepEqual(
    named.map((call) => call.function.name),
    ["first_tool", "second_tool"],
  );
});

test("the usage frame comes only where the client asked for it, last and without a choice", () => {
  assert.ok(chunksOf(planOf({ stream: true })).every(({ usage }) => usage === undefined));
  const plan = planOf({ stream: true, stream_options: { include_usage: true } });
  const chunks = chunksOf(plan);
  const last = chunks.at(-1);
  assert.deepEqual(last?.choices, []);
  assert.equal(last?.usage?.completion_tokens, plan.usage?.outputTokens);
  assert.equal(chunks.filter(({ usage }) => usage !== undefined).length, 1);
});

test("the cap of the call wins over the client's own limit", () => {
  const plan = planOf({ max_tokens: 9, max_completion_tokens: 9 }, { outputCap: 2 });
  assert.equal(plan.usage?.outputTokens, 2);
  assert.equal(bodyOf(plan).choices[0]?.finish_reason, "length");
});

test("a plan's tokens are what its frames show", () => {
  const plan = planOf({ stream: true });
  assert.equal(
    plan.frames.reduce((sum, frame) => sum + frame.tokens, 0),
    plan.tokens,
  );
  assert.equal(plan.tokens, plan.usage?.outputTokens);
});

test("a request that cannot be answered is refused, not planned", () => {
  const plan = planOf({ messages: [] });
  assert.match(plan.refusal ?? "", /^messages: /);
  assert.deepEqual(plan.frames, []);
});
