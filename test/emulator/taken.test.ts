import assert from "node:assert/strict";
import test from "node:test";
import {
  HAIKU_3,
  OPUS_47,
  PNG,
  user,
  assistant,
  hello,
  use,
  result,
  document,
  image,
  cachePoint,
  tools,
  FROM_MODEL,
} from "./requests.ts";
import { CLOCK, NOVA, post, SONNET, start, WEATHER } from "./support.ts";

/** What the service takes although it looks odd. */
const TAKEN: readonly (readonly [what: string, body: object, model?: string])[] = [
  ["empty inferenceConfig and system", { ...hello, inferenceConfig: {}, system: [] }],
  ["a member that no model knows", { ...hello, somethingNew: true }],
  [
    "a conversation that the assistant begins, with Claude 4.5",
    { messages: [assistant({ text: "x" }), user({ text: "y" })] },
  ],
  ["a prefill with Claude 4.5", { messages: [user({ text: "x" }), assistant({ text: "{" })] }],
  ["a document's name with an underscore", { messages: [user({ text: "x" }, document("a_b"))] }],
  ["tools in no need", { ...hello, ...tools(WEATHER, CLOCK) }],
  [
    "three results and a text in one turn",
    {
      messages: [
        user({ text: "x" }),
        assistant(use("a"), use("b"), use("c")),
        user(result("a"), result("b"), result("c"), { text: "y" }),
      ],
      ...tools(WEATHER),
    },
  ],
  [
    "1h before 5m",
    { system: [{ text: "x" }, cachePoint("1h")], messages: [user({ text: "x" }, cachePoint("5m"))] },
  ],
  ["an image with its right name", { messages: [user(image("png", PNG))] }],
  [
    "a system turn with Opus 4.8",
    {
      messages: [
        user({ text: "x" }),
        assistant({ text: "y" }),
        { role: "system", content: [{ text: "z" }] },
        user({ text: "w" }),
      ],
    },
    "us.anthropic.claude-opus-4-8",
  ],
  [
    "an image in S3 for Nova",
    {
      messages: [user({ image: { format: "png", source: { s3Location: { uri: "s3://bucket/key.png" } } } })],
    },
    NOVA,
  ],
  ["a temperature for Claude 3", { ...hello, inferenceConfig: { temperature: 0.5, topP: 0.9 } }, HAIKU_3],
];

for (const [what, body, model = SONNET] of TAKEN)
  test(`taken: ${what}`, async () => {
    await using emulator = await start({ open: true });
    const { status, json } = await post(emulator, `/model/${encodeURIComponent(model)}/converse`, body);
    assert.equal(status, 200, json.message);
  });

test("a cache point for a model without a cache is denied, not invalid", async () => {
  await using emulator = await start({ open: true });
  const body = { messages: [user({ text: "x" }, cachePoint())] };
  const { status, type } = await post(emulator, `/model/${encodeURIComponent(HAIKU_3)}/converse`, body);
  assert.deepEqual([status, type], [403, "AccessDeniedException"]);
});

test("an application profile hides the model, not its rules", async () => {
  const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/hidden1";
  await using emulator = await start({ open: true, script: { profiles: [{ arn, models: [OPUS_47] }] } });
  const path = `/model/${encodeURIComponent(arn)}/converse`;
  const { json } = await post(emulator, path, { ...hello, inferenceConfig: { temperature: 0.7 } });
  assert.equal(json.message, `${FROM_MODEL}temperature is deprecated for this model.`);
  assert.equal((await post(emulator, path, hello)).status, 200);
});
