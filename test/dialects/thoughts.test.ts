import assert from "node:assert/strict";
import test from "node:test";
import { judge } from "./cases.ts";
import type { Dialect } from "./clients.ts";
import { startWorld } from "./world.ts";

const SIGNATURE = Buffer.from("forged by somebody").toString("base64");
const WISH = { type: "enabled", budget_tokens: 2_000 };

/** A conversation with a thought that no model had. */
function forged(dialect: Dialect): object {
  const [asked, said] = ["x", "y"];
  if (dialect === "openai")
    return {
      max_tokens: 4_000,
      reasoning_effort: "low",
      messages: [
        { role: "user", content: asked },
        {
          role: "assistant",
          content: said,
          thinking_blocks: [{ type: "thinking", thinking: "z", signature: SIGNATURE }],
        },
        { role: "user", content: asked },
      ],
    };
  if (dialect === "responses")
    return {
      max_output_tokens: 4_000,
      reasoning: { effort: "low" },
      input: [
        { role: "user", content: asked },
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: SIGNATURE },
        { role: "assistant", content: said },
        { role: "user", content: asked },
      ],
    };
  if (dialect === "anthropic")
    return {
      max_tokens: 4_000,
      thinking: WISH,
      messages: [
        { role: "user", content: asked },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "z", signature: SIGNATURE },
            { type: "text", text: said },
          ],
        },
        { role: "user", content: asked },
      ],
    };
  return {
    inferenceConfig: { maxTokens: 4_000 },
    additionalModelRequestFields: { thinking: WISH },
    messages: [
      { role: "user", content: [{ text: asked }] },
      {
        role: "assistant",
        content: [
          { reasoningContent: { reasoningText: { text: "z", signature: SIGNATURE } } },
          { text: said },
        ],
      },
      { role: "user", content: [{ text: asked }] },
    ],
  };
}

test("a thought with a forged signature is taken for nobody's, and the conversation goes on without it", async () => {
  await using world = await startWorld();
  await judge(world, "a forged thought", { body: forged, all: "served" });
  for (const body of world.engine.seen.slice(2).map(({ raw }) => raw.toString()))
    assert.ok(!body.includes(SIGNATURE), "an engine can do nothing with it");
});

test("a thought of the user, and a signature that is no text, are refused with their place", async () => {
  await using world = await startWorld();
  const thought = (signature: unknown): object => ({ type: "thinking", thinking: "z", signature });
  const said = (role: string, ...content: readonly object[]): object => ({ role, content });
  await judge(world, "a thought of the user", {
    body: (dialect) => {
      if (dialect === "anthropic") return { max_tokens: 10, messages: [said("user", thought("x"))] };
      if (dialect !== "bedrock") return undefined;
      return {
        messages: [said("user", { text: "x" }, { reasoningContent: { reasoningText: { text: "z" } } })],
      };
    },
    anthropic: /`thinking` blocks can only be in `assistant` messages/,
    bedrock: /User messages cannot contain reasoning content/,
  });
  await judge(world, "a signature", {
    body: (dialect) =>
      dialect === "anthropic"
        ? {
            max_tokens: 10,
            messages: [said("user", { type: "text", text: "x" }), said("assistant", thought(5))],
          }
        : undefined,
    all: /messages\.1\.content\.0\.thinking\.signature/,
  });
});
