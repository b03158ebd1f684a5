import assert from "node:assert/strict";
import test from "node:test";
import {
  ApplyGuardrailCommand,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { BedrockClient, GetInferenceProfileCommand } from "@aws-sdk/client-bedrock";
import { asking, collect, PAIR, refusalOf, sdk, SONNET, start } from "./support.ts";

test("requests and faults are reached over HTTP, without credentials", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const control = async (
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(`${emulator.url}/_emulator/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: await response.json() };
  };
  await runtime.send(new ConverseCommand(asking("Hello")));
  const { json } = await control("GET", "requests");
  const { count, requests } = json as { count: number; requests: Record<string, unknown>[] };
  assert.equal(count, 1);
  const [seen] = requests;
  assert.equal(seen?.["operation"], "Converse");
  assert.equal(seen?.["model"], SONNET);
  assert.equal(seen?.["status"], 200);
  assert.match(String(seen?.["body"]), /"Hello"/);
  assert.ok((seen?.["headers"] as string[] | undefined)?.includes("authorization"));
  assert.ok(!JSON.stringify(seen).includes("Signature="), "no credential is kept");
  assert.deepEqual((await control("DELETE", "requests")).json, { count: 0 });
  assert.equal(emulator.requests().length, 0);

  await control("PUT", "faults", [{ kind: "error", exception: "ThrottlingException" }]);
  assert.equal(
    (await refusalOf(runtime.send(new ConverseCommand(asking("Hello"))))).name,
    "ThrottlingException",
  );
  const bad = await control("PUT", "faults", [{ kind: "error", often: 3 }]);
  assert.equal(bad.status, 400);
  assert.match((bad.json as { message: string }).message, /0: .*often/);
  assert.equal(((await control("GET", "faults")).json as unknown[]).length, 1);
  await control("DELETE", "faults");
  await runtime.send(new ConverseCommand(asking("Hello")));
  const unknown = await control("GET", "nothing");
  assert.equal(unknown.status, 404);
  assert.match((unknown.json as { message: string }).message, /\/_emulator\/requests/);
});

test("a script with faults in it names every one of them", async () => {
  const error = await refusalOf(start({ script: { faults: [{ kind: "eror" }], quota: [] } as never }));
  assert.match(error.message, /faults\.0\.kind: /);
  assert.match(error.message, /quota/);
});

test("GetInferenceProfile tells the models of application profiles and of system profiles", async () => {
  const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/mail7";
  await using emulator = await start({ script: { profiles: [{ arn, name: "mail", models: [SONNET] }] } });
  const bedrock = new BedrockClient({
    region: "us-east-1",
    endpoint: emulator.url,
    credentials: PAIR,
    maxAttempts: 1,
  });
  for (const asked of [arn, "mail7"]) {
    const profile = await bedrock.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: asked }));
    assert.equal(profile.type, "APPLICATION");
    assert.equal(profile.inferenceProfileArn, arn);
    assert.equal(
      profile.models?.[0]?.modelArn,
      "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
    );
  }
  const system = await bedrock.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: SONNET }));
  assert.equal(system.type, "SYSTEM_DEFINED");
  assert.equal(system.models?.length, 3);
  const error = await refusalOf(
    bedrock.send(new GetInferenceProfileCommand({ inferenceProfileIdentifier: "us.nothing" })),
  );
  assert.equal(error.name, "ResourceNotFoundException");
  bedrock.destroy();
});

test("ApplyGuardrail lets through, masks or blocks", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const apply = (text: string, source: "INPUT" | "OUTPUT" = "INPUT") =>
    runtime.send(
      new ApplyGuardrailCommand({
        guardrailIdentifier: "abc123",
        guardrailVersion: "DRAFT",
        source,
        content: [{ text: { text } }],
      }),
    );
  const fine = await apply("Hello");
  assert.deepEqual([fine.action, fine.outputs], ["NONE", []]);
  const masked = await apply("Write to jane@example.com.");
  assert.equal(masked.action, "GUARDRAIL_INTERVENED");
  assert.equal(masked.outputs?.[0]?.text, "Write to {EMAIL}.");
  const entity = masked.assessments?.[0]?.sensitiveInformationPolicy?.piiEntities?.[0];
  assert.deepEqual([entity?.type, entity?.action], ["EMAIL", "ANONYMIZED"]);
  const blocked = await apply("BLOCKME", "OUTPUT");
  assert.equal(blocked.outputs?.[0]?.text, "Sorry, the model cannot answer this question.");
  assert.equal(blocked.assessments?.[0]?.topicPolicy?.topics?.[0]?.action, "BLOCKED");
});

test("a guardrail in Converse intervenes on input and output, and says so in its trace", async () => {
  await using emulator = await start({
    script: {
      answers: [
        { contains: "secret", text: "It is BLOCKME." },
        { contains: "address", text: "Write to jane@example.com." },
      ],
    },
  });
  using runtime = sdk(emulator);
  const guardrailConfig = { guardrailIdentifier: "abc123", guardrailVersion: "1", trace: "enabled" } as const;
  const ask = (text: string, more: object = {}) =>
    runtime.send(new ConverseCommand(asking(text, { guardrailConfig, ...more })));
  const input = await ask("BLOCKME");
  assert.equal(input.stopReason, "guardrail_intervened");
  assert.equal(input.usage?.totalTokens, 0);
  assert.ok(input.trace?.guardrail?.inputAssessment?.["abc123"]?.topicPolicy);
  const output = await ask("The secret?");
  assert.equal(output.stopReason, "guardrail_intervened");
  assert.equal(output.output?.message?.content?.[0]?.text, "Sorry, the model cannot answer this question.");
  assert.ok((output.usage?.outputTokens ?? 0) > 0);
  const masked = await ask("The address?");
  assert.equal(masked.output?.message?.content?.[0]?.text, "Write to {EMAIL}.");
  const scoped = await ask("", {
    messages: [
      { role: "user", content: [{ text: "BLOCKME" }, { guardContent: { text: { text: "only this" } } }] },
    ],
  });
  assert.equal(scoped.stopReason, "end_turn");
  const { stream } = await runtime.send(
    new ConverseStreamCommand({
      ...asking("BLOCKME"),
      guardrailConfig: { ...guardrailConfig, streamProcessingMode: "sync" },
    }),
  );
  const events = await collect(stream);
  assert.equal(events.at(-2)?.messageStop?.stopReason, "guardrail_intervened");
  assert.ok(events.at(-1)?.metadata?.trace?.guardrail);
});

test("a script's guardrails are the only ones", async () => {
  await using emulator = await start({
    script: { guardrails: [{ id: "strict1", deniedTexts: ["weather"], blockedInputMessage: "No weather." }] },
  });
  using runtime = sdk(emulator);
  const ask = (guardrailIdentifier: string) =>
    runtime.send(
      new ConverseCommand(
        asking("The weather?", { guardrailConfig: { guardrailIdentifier, guardrailVersion: "1" } }),
      ),
    );
  assert.equal((await ask("strict1")).output?.message?.content?.[0]?.text, "No weather.");
  const error = await refusalOf(ask("another"));
  assert.equal(error.name, "ValidationException");
});
