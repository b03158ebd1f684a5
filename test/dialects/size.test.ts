import test from "node:test";
import {
  assistant,
  call,
  HI,
  LOOK,
  result,
  text,
  user,
  write,
  type Part,
  type Talk,
  type Turn,
} from "./bodies.ts";
import { judge, type Case } from "./cases.ts";
import type { Dialect } from "./clients.ts";
import { startWorld } from "./world.ts";

// What takes the square of a request's length would take minutes here, and the whole gateway with it.

type Expected = Omit<Case, "body">;

const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index));
/** Spread as arguments, so many would not fit on the stack. */
const said = (role: string, parts: readonly Part[]): Turn => ({ role, parts });
const CALLS = 10_000;
const PARTS = 150_000;
const PDF = Buffer.from("%PDF-1.4\n%%EOF").toString("base64");
/** Bedrock takes five, and says so. */
const TOO_MANY_DOCUMENTS = { "openai>aws": "theirs", "responses>aws": "theirs" } as const;

const CASES: Readonly<Record<string, readonly [Talk, Expected]>> = {
  "5,000 tools": [
    { turns: [HI], tools: times(5_000, (at) => ({ name: `t${at}`, schema: { type: "object" } })) },
    { all: "served" },
  ],
  "10,000 messages": [
    { turns: [...times(CALLS, (at): Turn => (at % 2 === 0 ? HI : assistant(text("b")))), HI] },
    { all: "served" },
  ],
  "10,000 messages of one speaker": [{ turns: times(CALLS, () => HI) }, { all: "served", targets: ["ant"] }],
  "5,000 calls, one after the other": [
    {
      turns: [HI, ...times(5_000, (at) => [assistant(call(`c${at}`)), user(result(`c${at}`))]).flat()],
      tools: [LOOK],
    },
    { all: "served", targets: ["eng", "ant"] },
  ],
  "10,000 calls at once of one id": [
    {
      turns: [HI, assistant(...times(CALLS, () => call("c"))), user(...times(CALLS, () => result("c")))],
      tools: [LOOK],
    },
    { all: "served", anthropic: /`tool_use` ids must be unique/, targets: ["eng", "ant"] },
  ],
  "10,000 calls that nobody answers": [
    { turns: [HI, assistant(...times(CALLS, (at) => call(`c${at}`))), HI], tools: [LOOK] },
    { all: /tool call c0 has no result/, anthropic: /messages\.1/, bedrock: /messages\.2\.content/ },
  ],
  "10,000 results that nobody asked for": [
    { turns: [user(...times(CALLS, (at) => result(`c${at}`)))], tools: [LOOK] },
    { all: /tool result c0 belongs to no call/, anthropic: /messages\.0/, bedrock: /messages\.0/ },
  ],
  "150,000 parts of the user": [
    {
      turns: [
        said(
          "user",
          times(PARTS, () => text("x")),
        ),
      ],
    },
    { all: "served", targets: ["ant"] },
  ],
  "150,000 parts of the assistant": [
    {
      turns: [
        HI,
        said(
          "assistant",
          times(PARTS, () => text("x")),
        ),
        HI,
      ],
    },
    { all: "served", targets: ["eng"] },
  ],
  "150,000 system prompts": [
    { system: times(PARTS, () => "x"), turns: [HI] },
    { all: "served", targets: ["ant"] },
  ],
  "a text of 20 MB": [
    { turns: [user(text("word ".repeat(4_000_000)))] },
    { all: "served", targets: ["eng"] },
  ],
  "a picture of 20 MB": [
    {
      turns: [
        user(text("x"), { image: { type: "image/png", data: `iVBORw0KGgoAAAAN${"A".repeat(20_000_000)}` } }),
      ],
    },
    { all: "served", targets: ["ant"] },
  ],
  "10,000 documents of one name": [
    {
      turns: [
        said(
          "user",
          times(CALLS, () => ({ file: { name: "a.pdf", data: PDF } })),
        ),
      ],
    },
    { all: "served", but: TOO_MANY_DOCUMENTS },
  ],
  "a schema of 1 MB": [
    {
      turns: [HI],
      tools: [
        {
          name: "t",
          schema: {
            type: "object",
            properties: Object.fromEntries(
              times(20_000, (at) => [`p${at}`, { type: "string", description: "x".repeat(20) }]),
            ),
          },
        },
      ],
    },
    { all: "served", targets: ["eng", "ant"] },
  ],
};

for (const [what, [talk, expected]] of Object.entries(CASES)) {
  test(`${what}: an answer of the dialect's own`, async () => {
    await using world = await startWorld();
    await judge(world, what, { ...expected, body: (dialect) => write(dialect, talk) });
  });
}

test("100,000 unknown parameters are refused with a few of their names", async () => {
  await using world = await startWorld();
  const unknown = Object.fromEntries(times(100_000, (at) => [`u${at}`, 1]));
  const body = (dialect: Dialect): object => ({ ...write(dialect, { turns: [HI] }), ...unknown });
  await judge(world, "unknown", { body, all: /u0 has no place .* and 99992 more/, targets: ["eng", "aws"] });
});

test("a strict schema of a chain of 20,000 definitions is served", async () => {
  await using world = await startWorld();
  const next = (at: number): object => ({
    type: "object",
    properties: { next: { $ref: `#/$defs/d${at + 1}` } },
  });
  const $defs = Object.fromEntries(
    times(20_000, (at) => [`d${at}`, at === 19_999 ? { type: "object" } : next(at)]),
  );
  const parameters = { type: "object", properties: { first: { $ref: "#/$defs/d0" } }, $defs };
  const tools = [{ type: "function", function: { name: "t", strict: true, parameters } }];
  await judge(world, "a chain", {
    body: (dialect) => (dialect === "openai" ? { ...write(dialect, { turns: [HI] }), tools } : undefined),
    all: "served",
    targets: ["ant"],
  });
});
