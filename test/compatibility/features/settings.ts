import assert from "node:assert/strict";
import type { Ask, Seen } from "../ask.ts";
import type { Facts, Feature } from "../cell.ts";
import { INSTANCE } from "../upstreams/model.ts";
import { TOOLS_OF_ALL } from "./tools.ts";
import { command, inspection, says, streamed } from "./words.ts";

const PLACE = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "integer" } },
  required: ["city", "degrees"],
  additionalProperties: false,
};

function isPlace(seen: Seen, facts: Facts): void {
  const place = (seen.object ?? JSON.parse(seen.text)) as { city: unknown; degrees: unknown };
  if (!facts.freeWords) return assert.deepEqual(place, JSON.parse(INSTANCE));
  assert.equal(typeof place.city, "string");
  assert.equal(typeof place.degrees, "number");
}

const schema: Feature = {
  name: "JSON schema",
  title: "An answer in JSON by a schema",
  ask: (tag) => ({ messages: [command(tag, "json")], schema: PLACE }),
  check: isPlace,
};

const ROOM = 4_096;
const think: Feature = {
  name: "reasoning",
  title: "The model thinks before it answers",
  ask: (tag) => ({ messages: [command(tag, "think It is.")], thinking: true, maxTokens: ROOM }),
  check(seen, facts) {
    says(seen, "It is.", facts);
    if (facts.freeWords) return;
    assert.equal(facts.asked?.thinks, true, "the model was not told to think");
    if (facts.thought) assert.equal(seen.thoughts, "I think about it.");
  },
};
const thinkAndCall: Feature = {
  name: "reasoning with tools",
  title: "It thinks, calls a tool, and gets its thoughts back with the result",
  ask: (tag) => ({
    messages: [command(tag, 'think-call [["get_weather",{"city":"Oslo"}]]')],
    tools: TOOLS_OF_ALL,
    thinking: true,
    maxTokens: ROOM,
    results: { get_weather: { text: "21 °C" } },
  }),
  check(seen, facts) {
    if (facts.freeWords) return assert.notEqual(seen.text, "", "there is no text");
    assert.match(seen.text, /^results get_weather→21 °C( after a thought)?$/);
    return facts.thought && !seen.text.endsWith("after a thought")
      ? "its thoughts do not come back to the model with the result"
      : undefined;
  },
};

const limited: Feature = {
  name: "max tokens",
  title: "A limit of output, and that it was reached",
  ask: (tag) => ({ messages: [command(tag, "count 100")], maxTokens: 24 }),
  check(seen, facts) {
    assert.equal(seen.finish, "length");
    if (facts.freeWords) return;
    assert.match(seen.text, /^1 2 3 4 5 6 7/);
    assert.doesNotMatch(seen.text, /100/);
  },
};

const stopped: Feature = {
  name: "stop sequence",
  title: "A text at which the answer ends",
  needsModel: true,
  ask: (tag) => ({ messages: [command(tag, "echo one HALT two")], stop: ["HALT"] }),
  check(seen) {
    // Nova leaves it in, as recorded.
    assert.match(seen.text, /^one ?(HALT)?$/);
    assert.ok(seen.finish === "stop" || seen.finish === "end", seen.finish);
  },
};

function counted(seen: Seen, facts: Facts): string | void {
  const { usage } = seen;
  const { recorded, reported } = facts;
  assert.ok(recorded !== undefined, "the record has no usage");
  if (reported !== undefined) assert.deepEqual(recorded, reported, "the record's usage is not the model's");
  // What is guessed is for the books, and no client is told that it was counted.
  if (facts.estimated && (!usage || usage.input === 0))
    return "the provider does not count all tokens: the record has an estimate, the client is told nothing";
  assert.ok(usage, "the client is told no usage");
  assert.deepEqual([usage.input, usage.output], [recorded.input, recorded.output]);
  if (usage.cached !== undefined) assert.equal(usage.cached, recorded.cached);
  if (usage.reasoning !== undefined) assert.equal(usage.reasoning, recorded.reasoning);
}

const usage: Feature = {
  name: "usage",
  title: "Tokens, as the model counts them and the record has them",
  ask: (tag) => ({ messages: [command(tag, "count 12")] }),
  check: counted,
};

function again(feature: Feature): Feature {
  return {
    ...feature,
    name: `${feature.name}, streamed`,
    title: "The same, streamed",
    ask: (tag, url): Ask => streamed(feature.ask(tag, url)),
  };
}

export const SETTINGS: readonly Feature[] = [
  schema,
  again(schema),
  think,
  again(think),
  thinkAndCall,
  again(thinkAndCall),
  limited,
  again(limited),
  stopped,
  again(stopped),
  {
    name: "temperature",
    title: "A temperature",
    ask: (tag) => ({ messages: [command(tag, "inspect")], temperature: 0.25 }),
    check(seen, facts) {
      const told = inspection(seen, facts);
      if (told !== undefined) assert.equal(told.temperature, 0.25);
    },
  },
  usage,
  again(usage),
  {
    name: "prompt cache",
    title: "Instructions marked for the provider's prompt cache",
    ask: (tag) => ({
      system: ["Be brief. ".repeat(600)],
      cache: true,
      messages: [command(tag, "echo done")],
    }),
    check: (seen, facts) => says(seen, "done", facts),
  },
  {
    name: "count tokens",
    title: "Tokens are counted before anything is asked",
    ask: (tag) => ({ system: ["Be brief."], messages: [command(tag, "echo done")], count: true }),
    check: (seen) => assert.ok((seen.counted ?? 0) > 0, `${seen.counted} tokens`),
  },
  {
    name: "previous response",
    title: "A conversation goes on by `previous_response_id`",
    ask: (tag) => ({ messages: [command(tag, "echo one")], next: `@${tag} inspect` }),
    check(seen, facts) {
      const told = inspection(seen, facts);
      if (told !== undefined)
        assert.deepEqual(told.turns, ["user: echo one", "assistant: one", "user: inspect"]);
    },
  },
  {
    name: "abort",
    title: "The client leaves in mid-stream, and the provider is stopped",
    needsModel: true,
    status: "abandoned",
    ask: (tag) => ({ messages: [command(tag, "forever")], stream: true, abort: true }),
    check: (seen) => assert.match(seen.text, /^1/),
  },
];
