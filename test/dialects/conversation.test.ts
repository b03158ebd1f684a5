import test from "node:test";
import { assistant, call, HI, LOOK, result, text, user, write, type Talk } from "./bodies.ts";
import { judge, type Case } from "./cases.ts";
import { startWorld } from "./world.ts";

type Expected = Omit<Case, "body">;

const tools = [LOOK];
const CASES: Readonly<Record<string, readonly [Talk, Expected]>> = {
  "a result first": [
    { turns: [user(result("a")), HI], tools },
    {
      all: /tool result a belongs to no call/,
      anthropic: /messages\.0\.content\.0/,
      bedrock: /messages\.0\.content/,
    },
  ],
  "a result before its call": [
    { turns: [HI, user(result("a")), assistant(call("a")), HI], tools },
    {
      all: /tool result a belongs to no call/,
      anthropic: /messages\.1\.content\.0/,
      bedrock: /messages\.1\.content/,
    },
  ],
  "two results of one call": [
    { turns: [HI, assistant(call("a")), user(result("a"), result("a", "x"))], tools },
    {
      all: /tool result a belongs to no call/,
      anthropic: /messages\.2\.content\.1/,
      bedrock: /messages\.2\.content/,
    },
  ],
  "a parallel call without its result": [
    { turns: [HI, assistant(call("a"), call("b")), user(result("a"))], tools },
    {
      all: /tool call b has no result/,
      anthropic: /messages\.1.*: b\./,
      bedrock: /messages\.2\.content.*: b/,
    },
  ],
  "calls that nobody answers": [
    { turns: [HI, assistant(call("a"), call("b")), HI], tools },
    {
      all: /tool call a has no result/,
      anthropic: /messages\.1.*: a, b/,
      bedrock: /messages\.2\.content.*: a, b/,
    },
  ],
  "a call at the end": [
    { turns: [HI, assistant(call("a"))], tools },
    { all: /tool call a has no result/, anthropic: /messages\.1.*: a/, bedrock: /messages\.2\.content.*: a/ },
  ],
  "results in another order": [
    { turns: [HI, assistant(call("a"), call("b")), user(result("b"), result("a"))], tools },
    { all: "served" },
  ],
  "results in messages of their own": [
    { turns: [HI, assistant(call("a"), call("b")), user(result("a")), user(result("b"))], tools },
    { all: "served", bedrock: /messages\.2\.content.*: b/ },
  ],
  "words before the result": [
    { turns: [HI, assistant(call("a")), HI, user(result("a"))], tools },
    { all: "served", bedrock: /messages\.2\.content.*: a/ },
  ],
  "words beside the result": [
    { turns: [HI, assistant(call("a")), user(text("x"), result("a"))], tools },
    { all: "served" },
  ],
  "a call of the user": [
    { turns: [user(call("a"))], tools },
    {
      openai: /messages\[0\]\.content/,
      responses: /tool call a has no result/,
      anthropic: /messages\.0\.content\.0/,
      bedrock: /User messages cannot contain the toolUse content block at messages\.0\.content\.0/,
    },
  ],
  "a result of the assistant": [
    { turns: [HI, assistant(result("a"))], tools },
    {
      all: /tool result a belongs to no call/,
      anthropic: /messages\.1\.content\.0/,
      bedrock: /Assistant messages cannot contain the toolResult content block at messages\.1\.content\.0/,
    },
  ],
  "calls without tools": [
    { turns: [HI, assistant(call("a")), user(result("a"))] },
    { all: "served", bedrock: /toolConfig/ },
  ],
  "two system prompts": [{ system: ["A", "B"], turns: [HI] }, { all: "served" }],
  "an empty system prompt": [
    { system: [""], turns: [HI] },
    { all: "served", anthropic: /system\.0|text content blocks/, bedrock: /system\.0 is blank/ },
  ],
  "only a system prompt": [
    { system: ["A"], turns: [] },
    { all: "served", anthropic: /messages: at least one/, bedrock: /messages: expected at least one/ },
  ],
  "a system prompt at the end": [{ turns: [HI, { role: "system", parts: [text("x")] }] }, { all: "served" }],
  "no messages": [
    { turns: [] },
    { all: /messages: (expected )?at least one message/, responses: /input: expected at least one item/ },
  ],
  "the assistant last": [{ turns: [HI, assistant(text("well"))] }, { all: "served" }],
  "the assistant alone": [{ turns: [assistant(text("well"))] }, { all: "served" }],
  "an empty text": [
    { turns: [user(text(""))] },
    { all: "served", anthropic: /messages\.0\.content\.0/, bedrock: /messages\.0\.content\.0 is blank/ },
  ],
  "a blank text": [
    { turns: [user(text(" \n"))] },
    { all: "served", anthropic: /messages\.0\.content\.0/, bedrock: /messages\.0\.content\.0 is blank/ },
  ],
  "an assistant that says nothing": [
    { turns: [HI, assistant(text("")), HI] },
    { all: "served", anthropic: /messages\.1\.content\.0/, bedrock: /messages\.1\.content\.0 is blank/ },
  ],
  "a message of no parts": [
    { turns: [user()] },
    { all: "served", anthropic: /messages\.0: .*non-empty/, bedrock: /messages\.0 is empty/ },
  ],
  "an unknown role": [
    { turns: [{ role: "robot", parts: [text("x")] }] },
    { all: /(messages\[0\]|input\[0\]|messages\.0|messages\.1\.member)\.role/ },
  ],
  "a role named like an object's own part": [
    { turns: [{ role: "__proto__", parts: [text("x")] }] },
    { all: /(messages\[0\]|input\[0\]|messages\.0|messages\.1\.member)\.role/ },
  ],
  "control characters and odd spaces in a text": [
    { turns: [user(text("a\u0000\u0001\u001b[31m\u2028\u2029\ufeff\u202eb"))] },
    { all: "served" },
  ],
  "half a character in a text": [
    { turns: [user(text("a\ud800b"))] },
    { all: /lone surrogate .* at byte \d+/, everywhere: true },
  ],
};

for (const [what, [talk, expected]] of Object.entries(CASES)) {
  test(`${what}: served in a legal form, or refused with the place`, async () => {
    await using world = await startWorld();
    await judge(world, what, { ...expected, body: (dialect) => write(dialect, talk) });
  });
}
