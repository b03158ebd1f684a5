import assert from "node:assert/strict";
import test from "node:test";
import { simulator } from "./adapter.ts";

test("the simulator chats, embeds and continues no bare prompts", () => {
  const provider = simulator("sim", { firstToken: 1, tokensPerSecond: 1_000, faults: [] });
  const serves = (operation: "chat" | "embeddings" | "completions"): unknown =>
    provider.serves({ dialect: "openai", operation }, "m");
  assert.equal(serves("chat"), "pass");
  assert.equal(serves("embeddings"), "pass");
  assert.match((serves("completions") as { why: string }).why, /bare prompts/);
});
