import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { claudeModel } from "../../src/catalog/claude-models.ts";
import { startBedrockEmulator } from "../../src/emulator/index.ts";
import { writeAnthropicMessages } from "../../src/providers/anthropic-messages/write-request.ts";
import { chats } from "../../src/providers/conversation/any-chat.test.ts";

// The emulator of Bedrock checks bodies of Claude's by rules of its own, which share nothing with what writes them.

const SECRET = "bedrock-api-secret-1234567890";

test("whatever may be sent is taken by who checks it independently", async () => {
  const emulator = await startBedrockEmulator({ bearerToken: SECRET });
  let sent = 0;
  try {
    await fc.assert(
      fc.asyncProperty(chats, fc.boolean(), async (chat, autoCache) => {
        const { body, inexpressible } = writeAnthropicMessages({
          chat: { ...chat, serviceTier: undefined },
          model: "claude-sonnet-4-5-20250929",
          abilities: claudeModel("claude-sonnet-4-5-20250929"),
          purpose: "whole",
          outputCap: undefined,
          // The emulator takes thoughts alone that it signed itself.
          withoutThoughts: true,
          autoCache,
        });
        const isForNobody = inexpressible.some(({ droppable }) => !droppable);
        // Bedrock takes no addresses.
        if (isForNobody || body.includes('"source":{"type":"url"')) return;
        const { model: _model, ...rest } = JSON.parse(body) as Record<string, unknown>;
        const reply = await fetch(
          `${emulator.url}/model/us.anthropic.claude-sonnet-4-5-20250929-v1:0/invoke`,
          {
            method: "POST",
            headers: { authorization: `Bearer ${SECRET}`, "content-type": "application/json" },
            body: JSON.stringify({ ...rest, anthropic_version: "bedrock-2023-05-31" }),
          },
        );
        assert.equal(reply.status, 200, await reply.text());
        sent++;
      }),
      { numRuns: 5_000 },
    );
    assert.ok(sent > 100, `only ${sent} were sent`);
  } finally {
    await emulator.close();
  }
});
