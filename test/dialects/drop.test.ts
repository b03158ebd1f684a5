import assert from "node:assert/strict";
import test from "node:test";
import { assistant, call, HI, LOOK, result, text, user, write } from "./bodies.ts";
import { judge } from "./cases.ts";
import { DIALECTS, type Dialect } from "./clients.ts";
import { passes, startWorld, TARGETS, tell } from "./world.ts";

// Where a target's policy leaves out what is not needed (`unsupported: drop`), clients are told of it.

test("a call without its result gets one that says so, and the client is told which", async () => {
  await using world = await startWorld("drop");
  for (const dialect of ["openai", "responses"] as const)
    for (const target of TARGETS) {
      const talk = { turns: [HI, assistant(call("a b"), call("c")), user(result("c"))], tools: [LOOK] };
      const outcome = await tell(world, dialect, target, write(dialect, talk));
      assert.equal(outcome.status, 200, outcome.message);
      if (passes(dialect, target)) continue;
      assert.match(outcome.dropped, /^tool%20call%20a%20b$/);
      assert.match(outcome.sent ?? "", /The tool gave no result\./);
    }
});

test("a result without its call is refused all the same", async () => {
  await using world = await startWorld("drop");
  await judge(world, "a result first", {
    body: (dialect) => write(dialect, { turns: [user(result("a"), text("x"))], tools: [LOOK] }),
    all: /tool result a belongs to no call/,
    anthropic: /messages\.0\.content\.0/,
    bedrock: /messages\.0\.content/,
  });
});

test("hints with odd names are left out, and their names make a header that can be sent", async () => {
  await using world = await startWorld("drop");
  const odd = (dialect: Dialect): object => ({
    ...write(dialect, { turns: [HI] }),
    "\u{1f600},\r\n\u2028.seed": 1,
    "é.seed": 2,
    [`${"x".repeat(63)}\u{1f600}.seed`]: 3,
  });
  for (const dialect of DIALECTS)
    for (const target of TARGETS) {
      const outcome = await tell(world, dialect, target, odd(dialect));
      if (passes(dialect, target)) continue;
      assert.equal(outcome.status, 200, `${dialect} to ${target}: ${outcome.message}`);
      assert.equal(outcome.dropped.split(",").length, 3, outcome.dropped);
      assert.match(outcome.dropped, /^[\x21-\x7e]+$/);
    }
});

test("thousands of hints are counted in the header", async () => {
  await using world = await startWorld("drop");
  const hints = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`u${index}.seed`, 1]));
  const outcome = await tell(world, "openai", "ant", { ...write("openai", { turns: [HI] }), ...hints });
  assert.equal(outcome.status, 200, outcome.message);
  assert.match(outcome.dropped, /,\+4968$/);
});
