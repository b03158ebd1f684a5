import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { assistant, cachePoint, image, PNG, result, tools, use, user } from "./requests.ts";
import { NOVA, SONNET, start, WEATHER } from "./support.ts";

/** One good request for every way in. */
const GOOD: readonly (readonly [path: string, body: object])[] = [
  [
    `/model/${SONNET}/converse`,
    {
      messages: [
        user({ text: "x" }, image("png", PNG), cachePoint("1h")),
        assistant({ text: "y" }, use("a")),
        user(result("a"), { text: "z" }, cachePoint()),
      ],
      system: [{ text: "x" }],
      ...tools(WEATHER),
      inferenceConfig: { maxTokens: 2_000, temperature: 1, stopSequences: ["x"] },
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
      requestMetadata: { a: "b" },
    },
  ],
  [
    `/model/${SONNET}/invoke`,
    {
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 50,
      system: [{ type: "text", text: "x", cache_control: { type: "ephemeral" } }],
      messages: [
        { role: "user", content: [{ type: "text", text: "x" }] },
        { role: "assistant", content: [{ type: "tool_use", id: "a", name: "t", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "x" }] },
      ],
      tools: [{ name: "t", input_schema: { type: "object", properties: { a: { type: "string" } } } }],
    },
  ],
  [
    `/model/${NOVA}/invoke`,
    {
      messages: [user({ text: "x" })],
      inferenceConfig: { maxTokens: 3, stopSequences: ["a"] },
      ...tools(WEATHER),
    },
  ],
  [
    "/openai/v1/chat/completions",
    {
      model: "openai.gpt-oss-20b-1:0",
      messages: [
        { role: "system", content: "x" },
        { role: "user", content: [{ type: "text", text: "x" }] },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: "a", content: "x" },
      ],
      tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
      response_format: { type: "json_schema", json_schema: { schema: { type: "object", properties: {} } } },
    },
  ],
  ["/guardrail/abc/version/1/apply", { source: "INPUT", content: [{ text: { text: "x" } }] }],
  ["/model/cohere.embed-v4:0/invoke", { texts: ["x"], input_type: "search_query" }],
];

type Place = readonly (string | number)[];

function placesIn(value: unknown, place: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([key, inner]) => placesIn(inner, [...place, key]))];
}

/** The value with what stands at a place replaced, or left out where `by` is undefined. */
function replaced(value: unknown, [first, ...rest]: Place, by: unknown): unknown {
  if (first === undefined) return by;
  const copy = structuredClone(value) as Record<string, unknown>;
  const inner = replaced(copy[first], rest, by);
  if (inner === undefined) delete copy[first];
  else copy[first] = inner;
  return copy;
}

test("whatever is wrong in a body, it is answered or refused, and never fails", async () => {
  await using emulator = await start({ open: true });
  const spoilt = fc
    .constantFrom(...GOOD)
    .chain(([path, body]) =>
      fc
        .tuple(
          fc.constantFrom(...placesIn(body)),
          fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(null), fc.constant(undefined)),
        )
        .map(([place, by]) => [path, replaced(body, place, by)] as const),
    );
  await fc.assert(
    fc.asyncProperty(spoilt, async ([path, body]) => {
      const response = await fetch(emulator.url + path, { method: "POST", body: JSON.stringify(body) ?? "" });
      await response.arrayBuffer();
      assert.ok(response.status < 500, `${path} ${JSON.stringify(body)}`);
    }),
    { numRuns: 500 },
  );
});
