import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelCommand,
  type ContentBlock,
  type ConverseCommandInput,
  type Message,
} from "@aws-sdk/client-bedrock-runtime";
import { DONE, FINISH, plain, sse, USAGE, USAGE_FRAME } from "../../support/engine.ts";
import { assemble, ask, callsOf, cityTool, resultsOf } from "./converse.ts";
import { costOf, startLab, type TargetName } from "./setup.ts";

/** The AWS SDK against the gateway: thoughts, whose proofs must come back byte for byte. */

const TOOLS = { tools: [cityTool("get_weather"), cityTool("get_time")] };
const BUDGET = {
  inferenceConfig: { maxTokens: 4_000 },
  additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 1_024 } },
};
const ADAPTIVE = { additionalModelRequestFields: { thinking: { type: "adaptive" } } };

function thoughtsOf(
  content: readonly ContentBlock[] | undefined,
): NonNullable<ContentBlock["reasoningContent"]>[] {
  return (content ?? []).flatMap(({ reasoningContent }) => reasoningContent ?? []);
}

const THINKERS: readonly (readonly [TargetName, Omit<ConverseCommandInput, "modelId" | "messages">])[] = [
  ["claude", BUDGET],
  ["older", BUDGET],
  ["profile", BUDGET],
  ["opus", ADAPTIVE],
];

test("thoughts with signatures go round with the calls that they led to, plain and streaming", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const [modelId, thinking] of THINKERS) {
    const request = { modelId, messages: ask("Use get_weather"), toolConfig: TOOLS, ...thinking };
    const reply = await aws.client.send(new ConverseCommand(request));
    const whole = reply.output?.message?.content ?? [];
    const streamed = await assemble((await aws.client.send(new ConverseStreamCommand(request))).stream);
    for (const content of [whole, streamed.content]) {
      const [thought] = thoughtsOf(content);
      assert.notEqual(thought?.reasoningText?.text, "");
      assert.match(thought?.reasoningText?.signature ?? "", /^[A-Za-z0-9+/]+=*$/);
      const calls = callsOf({ role: "assistant", content });
      const next = await aws.client.send(
        new ConverseCommand({
          ...request,
          messages: [...request.messages, { role: "assistant", content }, resultsOf(calls)],
        }),
      );
      assert.equal(next.stopReason, "end_turn", modelId);
      assert.equal((await aws.record()).costNano, costOf(modelId, next.usage ?? {}));
    }
  }
});

test("a signature that a client changed is refused by the model, and the client hears it", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const request = { modelId: "claude", messages: ask("Use get_weather"), toolConfig: TOOLS, ...BUDGET };
  const reply = await client.send(new ConverseCommand(request));
  const content = reply.output?.message?.content ?? [];
  const changed: ContentBlock[] = content.map((block) =>
    block.reasoningContent?.reasoningText === undefined
      ? block
      : { reasoningContent: { reasoningText: { ...block.reasoningContent.reasoningText, text: "other" } } },
  );
  const messages: Message[] = [
    ...request.messages,
    { role: "assistant", content: changed },
    resultsOf(callsOf(reply.output?.message)),
  ];
  await assert.rejects(client.send(new ConverseCommand({ ...request, messages })), {
    name: "ValidationException",
    message: /Invalid `signature` in `thinking` block/,
  });
});

test("thoughts that nobody may read, and those of which only the signature is shown, go round as they are", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  for (const [modelId, thinking, word] of [
    ["claude", BUDGET, "REDACTED_THINKING"],
    ["opus", ADAPTIVE, "REDACTED_THINKING"],
    ["opus", ADAPTIVE, "SIGNATURE_ONLY_THINKING"],
  ] as const) {
    const request = { modelId, messages: ask(`Use get_weather ${word}`), toolConfig: TOOLS, ...thinking };
    const reply = await aws.client.send(new ConverseCommand(request));
    const streamed = await assemble((await aws.client.send(new ConverseStreamCommand(request))).stream);
    for (const content of [reply.output?.message?.content ?? [], streamed.content]) {
      const [thought] = thoughtsOf(content);
      if (word === "REDACTED_THINKING") assert.ok((thought?.redactedContent?.length ?? 0) > 100);
      else assert.equal(thought?.reasoningText?.text ?? "", "");
      const next = await aws.client.send(
        new ConverseCommand({
          ...request,
          messages: [
            ...request.messages,
            { role: "assistant", content },
            resultsOf(callsOf({ role: "assistant", content })),
          ],
        }),
      );
      assert.equal(next.stopReason, "end_turn", `${modelId} ${word}`);
    }
  }
});

test("another model that serves in place of the first gets no thoughts that are not its own", async () => {
  await using lab = await startLab({ yaml: "tasks: { think: { targets: [claude, claude-two] } }" });
  const aws = lab.aws();
  const request = { modelId: "think", messages: ask("Hello"), ...BUDGET };
  const first = await aws.client.send(new ConverseCommand(request));
  const messages = [...request.messages, first.output?.message as Message, ...ask("And again?")];
  lab.faults({ kind: "error", exception: "ServiceUnavailableException", model: "*sonnet-4-5*" });
  const next = await aws.client.send(new ConverseCommand({ ...request, messages }));
  assert.equal(aws.headers()["x-switchyard-target"], "claude-two");
  assert.equal(next.stopReason, "end_turn");
});

test("an engine's thoughts reach the SDK, plain and streaming, and are not sent back to it", async () => {
  await using lab = await startLab();
  const aws = lab.aws();
  lab.engine.script = (_request, response) =>
    plain(
      response,
      200,
      JSON.stringify({
        id: "c",
        object: "chat.completion",
        created: 1,
        model: "m",
        choices: [
          {
            index: 0,
            message: { role: "assistant", content: "21", reasoning_content: "Let me see." },
            finish_reason: "stop",
          },
        ],
        usage: USAGE,
      }),
    );
  const reply = await aws.client.send(new ConverseCommand({ modelId: "engine", messages: ask("Hello") }));
  assert.deepEqual(reply.output?.message?.content, [
    { reasoningContent: { reasoningText: { text: "Let me see." } } },
    { text: "21" },
  ]);
  await aws.client.send(
    new ConverseCommand({
      modelId: "engine",
      messages: [...ask("Hello"), reply.output.message, ...ask("And?")],
    }),
  );
  assert.doesNotMatch(lab.engine.lastBody, /Let me see/);
  const piece = (delta: object): string =>
    `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;
  lab.engine.script = (_request, response) => {
    sse(response);
    response.write(piece({ role: "assistant", reasoning_content: "Let me " }));
    response.write(piece({ reasoning_content: "see." }));
    response.write(piece({ content: "21" }));
    response.end(FINISH + USAGE_FRAME + DONE);
  };
  const streamed = await assemble(
    (await aws.client.send(new ConverseStreamCommand({ modelId: "engine", messages: ask("Hello") }))).stream,
  );
  assert.deepEqual(streamed.content, [
    { reasoningContent: { reasoningText: { text: "Let me see." } } },
    { text: "21" },
  ]);
});

test("an effort in Claude's, Nova's or Converse's own form is one that an engine understands", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const wishes: readonly [Omit<ConverseCommandInput, "modelId" | "messages">, string][] = [
    [BUDGET, "low"],
    [{ outputConfig: { effort: "high" } }, "high"],
    [
      {
        additionalModelRequestFields: { reasoningConfig: { type: "enabled", maxReasoningEffort: "medium" } },
      },
      "medium",
    ],
    [{ additionalModelRequestFields: { reasoning_effort: "low" } }, "low"],
  ];
  for (const [wish, effort] of wishes) {
    await client.send(new ConverseCommand({ modelId: "engine", messages: ask("Hello"), ...wish }));
    const body = JSON.parse(lab.engine.lastBody) as { reasoning_effort?: string };
    assert.equal(body.reasoning_effort, effort);
  }
});

test("thoughts in InvokeModel's own form go round as Claude writes them", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const body = (messages: unknown): string =>
    JSON.stringify({
      anthropic_version: "bedrock-2023-05-31",
      max_tokens: 4_000,
      thinking: { type: "enabled", budget_tokens: 1_024 },
      tools: [{ name: "get_weather", input_schema: { type: "object", properties: {} } }],
      messages,
    });
  const first = await client.send(
    new InvokeModelCommand({
      modelId: "claude",
      body: body([{ role: "user", content: "Use get_weather" }]),
    }),
  );
  const { content } = JSON.parse(first.body.transformToString()) as {
    content: { type: string; id?: string; signature?: string }[];
  };
  assert.equal(content[0]?.type, "thinking");
  const next = await client.send(
    new InvokeModelCommand({
      modelId: "claude",
      body: body([
        { role: "user", content: "Use get_weather" },
        { role: "assistant", content },
        {
          role: "user",
          content: [{ type: "tool_result", tool_use_id: content.find(({ id }) => id)?.id, content: "21" }],
        },
      ]),
    }),
  );
  const { stop_reason: stop } = JSON.parse(next.body.transformToString()) as { stop_reason: string };
  assert.equal(stop, "end_turn");
});
