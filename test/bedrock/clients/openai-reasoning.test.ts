import assert from "node:assert/strict";
import test from "node:test";
import type OpenAI from "openai";
import { ask, chat, cityFunction, costOfUsage, resultsOf } from "./chat.ts";
import { startLab, type TargetName } from "./setup.ts";

/** The SDK of OpenAI against Bedrock targets: thoughts. */

const TOOLS = [cityFunction("get_weather")];
const THINKERS = ["claude", "older", "profile", "adaptive", "opus"] as const satisfies TargetName[];

for (const streaming of [false, true]) {
  test(`thoughts go round with the calls that they led to, ${streaming ? "streamed" : "plain"}`, async () => {
    await using lab = await startLab();
    for (const model of THINKERS) {
      const request = {
        model,
        messages: ask("Use get_weather"),
        tools: TOOLS,
        reasoning_effort: "low",
      } as const satisfies OpenAI.ChatCompletionCreateParams;
      const first = await chat(lab, request, streaming);
      assert.equal(first.finish, "tool_calls", model);
      const [block] = first.message.thinking_blocks ?? [];
      assert.equal(block?.type, "thinking", model);
      assert.equal(block.thinking, first.message.reasoning_content, model);
      assert.match(block.signature ?? "", /^[A-Za-z0-9+/]+=*$/);
      assert.equal(first.record.costNano, costOfUsage(model, first.usage));
      const next = await chat(
        lab,
        { ...request, messages: [...request.messages, first.message, ...resultsOf(first.message)] },
        streaming,
      );
      assert.equal(next.finish, "stop", model);
      const fields = lab.sent()["additionalModelRequestFields"] as { thinking?: { type: string } };
      assert.match(
        fields.thinking?.type ?? "",
        /^(enabled|adaptive)$/,
        `${model} thinks in the second turn, too`,
      );
    }
  });

  test(`thoughts that nobody may read, and those of which only a signature is shown, go round, ${streaming ? "streamed" : "plain"}`, async () => {
    await using lab = await startLab();
    for (const [model, word] of [
      ["claude", "REDACTED_THINKING"],
      ["opus", "REDACTED_THINKING"],
      ["opus", "SIGNATURE_ONLY_THINKING"],
    ] as const) {
      const request = {
        model,
        messages: ask(`Use get_weather ${word}`),
        tools: TOOLS,
        reasoning_effort: "low",
      } as const;
      const first = await chat(lab, request, streaming);
      const blocks = first.message.thinking_blocks ?? [];
      assert.equal(blocks.length, word === "REDACTED_THINKING" ? 2 : 1, `${model} ${word}`);
      for (const { type, data, signature } of blocks) {
        assert.equal(type, word === "REDACTED_THINKING" ? "redacted_thinking" : "thinking");
        assert.ok((data ?? signature ?? "").length > 100);
      }
      const next = await chat(
        lab,
        { ...request, messages: [...request.messages, first.message, ...resultsOf(first.message)] },
        streaming,
      );
      assert.equal(next.finish, "stop", `${model} ${word}`);
    }
  });
}

test("an effort is what the model's own family calls it", async () => {
  await using lab = await startLab();
  const told = async (model: TargetName): Promise<unknown> => {
    await chat(lab, { model, messages: ask("Hello"), reasoning_effort: "high" }, false);
    return lab.sent()["additionalModelRequestFields"] ?? lab.sent()["outputConfig"];
  };
  assert.deepEqual(await told("claude"), { thinking: { type: "enabled", budget_tokens: 16_384 } });
  assert.deepEqual(await told("adaptive"), {
    thinking: { type: "adaptive" },
    output_config: { effort: "high" },
  });
  assert.deepEqual(await told("qwen"), { reasoning_config: "high" });
  await chat(lab, { model: "oss", messages: ask("Hello"), reasoning_effort: "high" }, false);
  assert.equal(lab.sent()["reasoning_effort"], "high");
});

test("without an effort nobody is made to think", async () => {
  await using lab = await startLab();
  const { message } = await chat(lab, { model: "claude", messages: ask("Hello") }, false);
  assert.equal(message.reasoning_content, undefined);
  assert.equal(message.thinking_blocks, undefined);
  assert.equal(lab.sent()["additionalModelRequestFields"], undefined);
});

test("an effort where the model does not think is refused, and left out with unsupported: drop", async () => {
  await using lab = await startLab({ more: { llama: ", unsupported: drop" } });
  const request = { messages: ask("Hello"), reasoning_effort: "high" } as const;
  await assert.rejects(chat(lab, { model: "nova", ...request }, false), {
    code: "unsupported_parameter",
    message: /reasoning_effort/,
  });
  const { headers } = await chat(lab, { model: "llama", ...request }, false);
  assert.equal(headers.get("x-switchyard-dropped-params"), "reasoning_effort");
});

test("another model that serves in place of the first gets no thoughts that are not its own", async () => {
  await using lab = await startLab({
    yaml: "tasks: { think: { targets: [claude, claude-two, engine] } }",
  });
  const request = { model: "think", messages: ask("Hello"), reasoning_effort: "low" } as const;
  const first = await chat(lab, request, false);
  assert.equal(first.message.thinking_blocks?.length, 1);
  const messages = [...request.messages, first.message, ...ask("And again?")];
  lab.faults({ kind: "error", exception: "ServiceUnavailableException", model: "*sonnet-4-5*" });
  const second = await chat(lab, { ...request, messages }, false);
  assert.equal(second.headers.get("x-switchyard-target"), "claude-two");
  assert.doesNotMatch(JSON.stringify(lab.sent()["messages"]), /reasoningContent/);
  lab.faults({ kind: "error", exception: "ServiceUnavailableException" });
  const third = await chat(lab, { ...request, messages }, false);
  assert.equal(third.headers.get("x-switchyard-target"), "engine");
});

test("thoughts without a proof are not passed off as Claude's", async () => {
  await using lab = await startLab();
  const said = { role: "assistant", content: "Hi.", reasoning_content: "I made this up." } as const;
  const { finish } = await chat(
    lab,
    { model: "claude", messages: [...ask("Hello"), said, ...ask("And?")], reasoning_effort: "low" },
    false,
  );
  assert.equal(finish, "stop");
  assert.doesNotMatch(JSON.stringify(lab.sent()["messages"]), /made this up/);
});

test("thoughts of the model that stood in for the first one do not break the conversation when the first is back", async () => {
  await using lab = await startLab({ yaml: "tasks: { think: { targets: [claude, claude-two] } }" });
  const request = { model: "think", messages: ask("Hello"), reasoning_effort: "low" } as const;
  lab.faults({ kind: "error", exception: "ServiceUnavailableException", model: "*sonnet-4-5*" });
  const first = await chat(lab, request, false);
  assert.equal(first.headers.get("x-switchyard-target"), "claude-two");
  assert.equal(first.message.thinking_blocks?.length, 1);
  lab.faults();
  const messages = [...request.messages, first.message, ...ask("And again?")];
  const second = await chat(lab, { ...request, messages }, false);
  assert.equal(second.finish, "stop");
});
