import assert from "node:assert/strict";
import test from "node:test";
import { AppError } from "../../../core/errors.ts";
import type { WireRequest } from "../../../core/wire.ts";
import { openAi } from "./index.ts";

function parse(body: object): WireRequest {
  const bytes = Buffer.from(JSON.stringify({ model: "m", ...body }));
  return openAi.parse({ operation: "completions", address: {}, bytes, headers: {}, metadataWords: false })
    .request;
}

test("a completion may stream, and asks for its usage as a chat does", () => {
  const request = parse({
    prompt: "Hi",
    stream: true,
    stream_options: { include_usage: true },
    max_tokens: 5,
  });
  assert.equal(request.stream, true);
  assert.equal(request.includeUsage, true);
  assert.equal(request.maxOutputTokens, 5);
});

const CHOICES: readonly (readonly [object, number])[] = [
  [{ prompt: "Hi" }, 1],
  [{}, 1],
  [{ prompt: null }, 1],
  [{ prompt: "Hi", n: 3 }, 3],
  [{ prompt: "Hi", n: 2, best_of: 5 }, 5],
  [{ prompt: ["a", "b"] }, 2],
  [{ prompt: ["a", "b"], n: 3 }, 6],
  [{ prompt: [1, 2, 3] }, 1],
  [
    {
      prompt: [
        [1, 2],
        [3, 4],
      ],
      best_of: 2,
    },
    4,
  ],
  [{ prompt: [] }, 1],
];

for (const [body, choices] of CHOICES)
  test(`${JSON.stringify(body)} is answered ${choices} times`, () =>
    assert.equal(parse(body).choices, choices));

test("a prompt of another kind is refused with its place", () => {
  for (const prompt of [5, true, { a: 1 }])
    assert.throws(
      () => parse({ prompt }),
      (error) => error instanceof AppError && error.message.startsWith("prompt: "),
    );
});

test("a model reads the prompt and what follows it; a token counts as one", () => {
  assert.equal(openAi.requestText(parse({ prompt: "Hi", suffix: "there" })).text, "Hithere");
  assert.equal(openAi.requestText(parse({ prompt: ["a", "b"] })).text, "ab");
  const tokens = (prompt: unknown): number =>
    openAi.requestText(parse({ prompt })).text.split(" a").length - 1;
  assert.equal(tokens([5, 6, 7]), 3);
  assert.equal(tokens([[5, 6], [7]]), 3);
  assert.equal(openAi.holdsMedia(parse({ prompt: "Hi" })), false);
});

test("what was written is read from whole replies and from streams", () => {
  const read = (text: string, isStream: boolean): string =>
    openAi.replyText({ bytes: Buffer.from(text), total: Buffer.byteLength(text), isStream }).text;
  assert.equal(read('{"choices":[{"text":"a"},{"text":"b"}]}', false), "ab");
  assert.equal(read('data: {"choices":[{"text":"a"}]}\n\ndata: {"choices":[{"text":"b"}]}\n\n', true), "ab");
});
