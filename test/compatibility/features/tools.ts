import assert from "node:assert/strict";
import type { Ask, AskTool, Seen } from "../ask.ts";
import type { Facts, Feature } from "../cell.ts";
import { command, inspection, says, streamed } from "./words.ts";

const CITY = {
  type: "object",
  properties: { city: { type: "string", description: "Where." } },
  required: ["city"],
  additionalProperties: false,
};
export const TOOLS_OF_ALL: readonly AskTool[] = [
  { name: "get_weather", description: "Tells the weather of a city.", schema: CITY },
  { name: "get_time", description: "Tells the time in a city.", schema: CITY },
];
/** More digits than a number of JavaScript has would be lost by whoever parses it; letters of other scripts by whoever cuts it. */
const KRAKOW = { city: 'Kraków "Stare Miasto"' };
const ONE = `call ${JSON.stringify([["get_weather", KRAKOW]])}`;
const BOTH = `call ${JSON.stringify([
  ["get_weather", KRAKOW],
  ["get_time", { city: "Oslo" }],
])}`;

function asks(tag: string, words: string, more: Partial<Ask> = {}): Ask {
  return { messages: [command(tag, words)], tools: TOOLS_OF_ALL, ...more };
}

function calls(seen: Seen, facts: Facts, expected: readonly [string, object][]): void {
  assert.equal(seen.finish, "calls");
  if (facts.freeWords) {
    assert.ok(seen.calls.length > 0, "no tool is called");
    for (const { name } of seen.calls)
      assert.ok(
        TOOLS_OF_ALL.some((tool) => tool.name === name),
        name,
      );
    return;
  }
  assert.deepEqual(
    seen.calls.map(({ name, input }) => [name, input]),
    expected,
  );
}

function bothCalled(seen: Seen, facts: Facts): void {
  calls(seen, facts, [
    ["get_weather", KRAKOW],
    ["get_time", { city: "Oslo" }],
  ]);
}

const tools: Feature = {
  name: "tools",
  title: "A tool is called",
  ask: (tag) => asks(tag, ONE),
  check: (seen, facts) => calls(seen, facts, [["get_weather", KRAKOW]]),
};

const parallel: Feature = {
  name: "parallel tools",
  title: "Two tools are called at once",
  ask: (tag) => asks(tag, BOTH),
  check: bothCalled,
};

const RESULTS = { get_weather: { text: "21 °C" }, get_time: { text: "noon" } } as const;
const results: Feature = {
  name: "tool results",
  title: "A tool's result goes back, and the answer comes",
  ask: (tag) => asks(tag, ONE, { results: RESULTS }),
  check: (seen, facts) => says(seen, "results get_weather→21 °C", facts),
};
const parallelResults: Feature = {
  name: "parallel results",
  title: "Two results go back at once",
  ask: (tag) => asks(tag, BOTH, { results: RESULTS }),
  check: (seen, facts) => says(seen, "results get_weather→21 °C | get_time→noon", facts),
};

export const TOOLS: readonly Feature[] = [
  tools,
  {
    ...tools,
    name: "tools, streamed",
    title: "The same, streamed",
    ask: (tag) => streamed(tools.ask(tag, "")),
  },
  {
    name: "tools described",
    title: "The model sees the tools' names, descriptions and schemas",
    needsModel: true,
    ask: (tag) => asks(tag, "inspect"),
    check(seen, facts) {
      const told = inspection(seen, facts)?.tools ?? [];
      assert.deepEqual(
        told.map(({ name, properties }) => [name, properties]),
        [
          ["get_weather", ["city"]],
          ["get_time", ["city"]],
        ],
      );
      // The emulator of gpt-oss keeps no descriptions.
      for (const [index, { description }] of told.entries())
        assert.ok(description === undefined || description === TOOLS_OF_ALL[index]?.description);
    },
  },
  {
    name: "tool choice",
    title: "A certain tool must be called",
    ask: (tag) =>
      asks(tag, `call ${JSON.stringify([["get_time", KRAKOW]])}`, { toolChoice: { tool: "get_time" } }),
    check(seen, facts) {
      // OpenAI's chat says "stop" of a call that was forced.
      assert.deepEqual(
        seen.calls.map(({ name }) => name),
        ["get_time"],
      );
      if (!facts.freeWords) assert.equal(facts.asked?.toolChoice, "get_time");
    },
  },
  {
    name: "some tool",
    title: "Some tool must be called",
    ask: (tag) => asks(tag, ONE, { toolChoice: "any" }),
    check(seen, facts) {
      assert.ok(seen.calls.length > 0, "no tool is called");
      if (!facts.freeWords) assert.equal(facts.asked?.toolChoice, "any");
    },
  },
  parallel,
  {
    ...parallel,
    name: "parallel tools, streamed",
    title: "The same, streamed",
    ask: (tag) => streamed(parallel.ask(tag, "")),
  },
  results,
  {
    ...results,
    name: "tool results, streamed",
    title: "The same, streamed",
    ask: (tag) => streamed(results.ask(tag, "")),
  },
  parallelResults,
  {
    ...parallelResults,
    name: "parallel results, streamed",
    title: "The same, streamed",
    ask: (tag) => streamed(parallelResults.ask(tag, "")),
  },
  {
    name: "failed tool",
    title: "A tool fails, and the model is told",
    ask: (tag) => asks(tag, ONE, { results: { get_weather: { text: "no such city", error: true } } }),
    check(seen, facts) {
      // The OpenAI API has no word for it: there the text alone tells.
      if (facts.freeWords) assert.notEqual(seen.text, "");
      else assert.match(seen.text, /^results get_weather→!?.*no such city"?\}?$/);
    },
  },
];
