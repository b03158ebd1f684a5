import assert from "node:assert/strict";
import test from "node:test";
import { HI, write, type Talk } from "./bodies.ts";
import { judge, type Case, type Json } from "./cases.ts";
import type { Dialect } from "./clients.ts";
import { startWorld, type Target } from "./world.ts";

type Expected = Omit<Case, "body">;

const NO_LIMIT: Expected = {
  openai: /max_tokens: expected a whole number of at least 1/,
  responses: /max_output_tokens: expected a whole number of at least 1/,
  anthropic: /max_tokens/,
  bedrock: /inferenceConfig\.maxTokens/,
};
/** More than the model gives, which it says itself. */
const TOO_MUCH: Expected = {
  all: "served",
  but: Object.fromEntries(
    ["openai>aws", "openai>ant", "responses>aws", "responses>ant", "bedrock>ant"].map((way) => [
      way,
      "theirs",
    ]),
  ),
};
const OUT_OF_RANGE: Expected = {
  all: /temperature may be 0 to 1/,
  anthropic: /temperature: range: 0\.\.1/,
  bedrock: /inferenceConfig\.temperature/,
  but: { "responses>eng": "served" },
};

function stopsOf(body: Json, target: Target): readonly string[] {
  return (
    (target === "eng"
      ? body.stop
      : target === "ant"
        ? body.stop_sequences
        : body.inferenceConfig.stopSequences) ?? []
  );
}

const STOPS = Array.from({ length: 10_000 }, (_, index) => `s${index}`);

const CASES: Readonly<Record<string, readonly [Partial<Talk>, Expected]>> = {
  "a limit of 0": [{ most: 0 }, NO_LIMIT],
  "a negative limit": [{ most: -1 }, NO_LIMIT],
  "a limit and a half": [{ most: 1.5 }, NO_LIMIT],
  "a limit that a double cannot tell from the next": [{ most: 2 ** 53 }, NO_LIMIT],
  "a limit that is a text": [{ most: "5" }, NO_LIMIT],
  "a limit of two thousand million": [{ most: 2 ** 31 }, TOO_MUCH],
  "a temperature that is a text": [
    { temperature: "hot" },
    { all: /temperature: (expected a number|Input should be a valid number)/ },
  ],
  "a negative temperature": [{ temperature: -1 }, OUT_OF_RANGE],
  "a temperature of 100": [{ temperature: 100 }, OUT_OF_RANGE],
  "10,000 texts to stop at": [
    { stop: STOPS },
    {
      all: /stop may be 2500 texts at most/,
      responses: "served",
      anthropic: "served",
      bedrock: /inferenceConfig\.stopSequences/,
      got: (body, target, dialect) => {
        if (dialect === "anthropic") assert.deepEqual(stopsOf(body, target), STOPS);
      },
    },
  ],
  "no texts to stop at": [{ stop: [] }, { all: "served" }],
  "an empty text to stop at": [
    { stop: [""] },
    {
      openai: /stop\[0\]/,
      responses: "served",
      anthropic: /stop_sequences\.0/,
      bedrock: /stopSequences\.1\.member/,
    },
  ],
  "a number to stop at": [
    { stop: [5] },
    { openai: /stop\[0\]/, responses: "served", anthropic: /stop_sequences\.0/, bedrock: /stopSequences\.0/ },
  ],
};

for (const [what, [settings, expected]] of Object.entries(CASES)) {
  test(`settings: ${what}`, async () => {
    await using world = await startWorld();
    await judge(world, what, {
      ...expected,
      body: (dialect) => write(dialect, { turns: [HI], ...settings }),
    });
  });
}

const thinking = (dialect: Dialect, budget: unknown): object | undefined => {
  const wish = { type: "enabled", budget_tokens: budget };
  if (dialect === "anthropic") return { ...write(dialect, { turns: [HI], most: 4_000 }), thinking: wish };
  if (dialect !== "bedrock") return undefined;
  return {
    ...write(dialect, { turns: [HI], most: 4_000 }),
    additionalModelRequestFields: { thinking: wish },
  };
};
const effort = (dialect: Dialect, wanted: unknown): object | undefined => {
  if (dialect === "openai") return { ...write(dialect, { turns: [HI] }), reasoning_effort: wanted };
  if (dialect === "responses") return { ...write(dialect, { turns: [HI] }), reasoning: { effort: wanted } };
  return undefined;
};

const THINKING: Readonly<Record<string, Case>> = {
  "a budget below the least": {
    body: (dialect) => thinking(dialect, 5),
    anthropic: /thinking\.enabled\.budget_tokens/,
    bedrock: "served",
  },
  "a budget above the limit": { body: (dialect) => thinking(dialect, 50_000), all: "served" },
  "a budget that is a text": {
    body: (dialect) => (dialect === "anthropic" ? thinking(dialect, "x") : undefined),
    all: /thinking\.enabled\.budget_tokens/,
  },
  "a budget beyond a double": {
    body: (dialect) =>
      dialect === "anthropic"
        ? JSON.stringify({ model: "$model", ...thinking(dialect, 1) }).replace(":1}", ":9007199254740993}")
        : undefined,
    all: /thinking\.enabled\.budget_tokens/,
  },
  "an effort that nobody knows": {
    body: (dialect) => effort(dialect, "gigantic"),
    all: /reasoning_effort has no meaning: gigantic/,
    but: { "responses>eng": "served" },
  },
  "an effort that is a number": {
    body: (dialect) => effort(dialect, 5),
    all: /(reasoning_effort|reasoning\.effort): expected a text/,
  },
};

for (const [what, one] of Object.entries(THINKING)) {
  test(`thinking: ${what}`, async () => {
    await using world = await startWorld();
    await judge(world, what, one);
  });
}

const marked =
  (count: number, mark: unknown) =>
  (dialect: Dialect): object | undefined => {
    if (dialect === "responses") return undefined;
    const part =
      dialect === "bedrock"
        ? [{ text: "x" }, { cachePoint: mark }]
        : [{ type: "text", text: "x", cache_control: mark }];
    const content = Array.from({ length: count }, () => part).flat();
    const limit = dialect === "anthropic" ? { max_tokens: 10 } : {};
    return { ...limit, messages: [{ role: "user", content }] };
  };

test("a mark for the cache of an odd time or type is refused with its place", async () => {
  await using world = await startWorld();
  for (const mark of [
    { type: "ephemeral", ttl: "2h" },
    { type: "default", ttl: "2h" },
    { type: "__proto__" },
    5,
  ])
    await judge(world, JSON.stringify(mark), {
      body: marked(1, mark),
      all: /messages.*(cache_control|cachePoint)/,
    });
});

test("fifty marks for the cache become as many as the target takes, and it is told", async () => {
  await using world = await startWorld();
  for (const type of ["ephemeral", "default"])
    await judge(world, type, {
      body: (dialect) =>
        (dialect === "bedrock") === (type === "default") ? marked(50, { type })(dialect) : undefined,
      all: "served",
    });
});
