import assert from "node:assert/strict";
import test from "node:test";
import { ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import {
  callModel,
  CHAT,
  HAIKU,
  NOVA,
  onlyRecord,
  openai,
  SAY,
  sdk,
  startEmulated,
  type Any,
} from "./support.ts";

const TWO = {
  models: { one: HAIKU, two: NOVA },
  more: "tasks:\n  both: { targets: [one, two] }\n",
};

const codeOf = async (reply: Response): Promise<string> => ((await reply.json()) as Any).error.code as string;

test("trap 13: each target is asked once for each place that it has in the route, and no more", async () => {
  await using pair = await startEmulated(TWO);
  const { gateway, emulator } = pair;
  for (const [exception, status] of [
    ["ThrottlingException", 429],
    ["ServiceUnavailableException", 502],
    ["InternalServerException", 502],
    ["ModelNotReadyException", 503],
    ["ModelErrorException", 502],
    ["ModelTimeoutException", 504],
    ["ServiceQuotaExceededException", 429],
  ] as const) {
    emulator.setFaults([{ kind: "error", exception, message: "Scripted." }]);
    for (const [model, asked] of [
      ["one", 1],
      ["both", 2],
    ] as const) {
      for (const stream of [false, true]) {
        emulator.clearRequests();
        const reply = await gateway.chat({ ...CHAT, model, stream });
        assert.equal(reply.status, status, `${exception} ${await reply.text()}`);
        assert.equal(emulator.requests().length, asked, exception);
        assert.equal((await onlyRecord(gateway)).attempts.length, asked);
        emulator.clearRequests();
        const converse = await callModel(gateway, stream ? "converse-stream" : "converse", SAY("hi"), {
          model,
        });
        await converse.text();
        assert.ok(converse.status >= 400, exception);
        assert.equal(emulator.requests().length, asked, exception);
        await onlyRecord(gateway);
      }
    }
  }
});

test("trap 13: the day's tokens used up is a throttle, and the same target is not asked again", async () => {
  await using pair = await startEmulated(TWO);
  const { gateway, emulator } = pair;
  emulator.setFaults([
    {
      kind: "error",
      exception: "ThrottlingException",
      message: "Too many tokens per day, please wait before trying again.",
      model: "*haiku*",
    },
  ]);
  const reply = await gateway.chat({ ...CHAT, model: "both" });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("x-switchyard-target"), "two");
  const models = emulator.requests().map(({ model }) => model);
  assert.deepEqual(models, [HAIKU, NOVA]);
  const [first] = (await onlyRecord(gateway)).attempts;
  assert.match(first?.cause ?? "", /day/);
});

test("trap 13: the throttle of the last target reaches the client with the seconds that it must wait", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  emulator.setFaults([
    {
      kind: "error",
      exception: "ThrottlingException",
      message: "Too many tokens, please wait before trying again.",
      retryAfterSeconds: 3,
    },
  ]);
  const chat = await gateway.chat(CHAT);
  assert.equal(chat.status, 429);
  assert.equal(chat.headers.get("retry-after"), "3");
  assert.equal(await codeOf(chat), "rate_limited", "and no context_overflow");
  assert.equal((await onlyRecord(gateway)).code, "rate_limited");
  const reply = await callModel(gateway, "converse", SAY("hi"));
  assert.equal(reply.status, 429);
  assert.equal(reply.headers.get("retry-after"), "3");
  assert.equal(reply.headers.get("x-amzn-errortype"), "ThrottlingException");
  await onlyRecord(gateway);
});

test("trap 13: only what says that the prompt is too long is a context overflow", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  for (const [exception, message, code] of [
    ["ThrottlingException", "Too many tokens, please wait before trying again.", "rate_limited"],
    ["ThrottlingException", "Too many tokens per day, please wait before trying again.", "rate_limited"],
    ["ThrottlingException", "Too many requests, please wait before trying again.", "rate_limited"],
    ["ValidationException", "Input is too long for requested model.", "context_overflow"],
    [
      "ValidationException",
      "The model returned the following errors: prompt is too long: 250000 tokens > 200000 maximum",
      "context_overflow",
    ],
    ["ValidationException", "The provided request is not valid.", "invalid_request"],
  ] as const) {
    emulator.setFaults([{ kind: "error", exception, message }]);
    const reply = await gateway.chat(CHAT);
    assert.equal(reply.status, exception === "ThrottlingException" ? 429 : 400, message);
    assert.equal(await codeOf(reply), code, message);
    assert.equal((await onlyRecord(gateway)).code, code);
  }
});

const OURS = [
  "AccessDeniedException",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ExpiredTokenException",
  "MissingAuthenticationTokenException",
  "IncompleteSignatureException",
];

test("trap 30: what AWS says of our credentials is a fault of the upstream to clients, and never a 401 or 403", async () => {
  await using pair = await startEmulated();
  const { gateway, emulator } = pair;
  for (const exception of OURS) {
    const message = "User: arn:aws:iam::123456789012:user/ours is not authorized.";
    emulator.setFaults([{ kind: "error", exception, status: 403, message }]);
    for (const stream of [false, true]) {
      const chat = await gateway.chat({ ...CHAT, stream });
      assert.equal(chat.status, 502, exception);
      const text = await chat.text();
      assert.match(text, /"code":"upstream_error"/);
      assert.ok(!text.includes("arn:aws:iam"), "our account is nobody's business");
      const record = await onlyRecord(gateway);
      assert.equal(record.code, "upstream_error");
      assert.match(record.attempts[0]?.cause ?? "", /credentials/);
      const reply = await callModel(gateway, stream ? "converse-stream" : "converse", SAY("hi"));
      assert.equal(reply.status, 500, exception);
      assert.equal(reply.headers.get("x-amzn-errortype"), "InternalServerException");
      assert.ok(!(await reply.text()).includes("arn:aws:iam"));
      await onlyRecord(gateway);
    }
  }
  await assert.rejects(
    openai(gateway).chat.completions.create({ model: "fine", messages: [{ role: "user", content: "hi" }] }),
    { status: 502 },
  );
  const client = sdk(gateway.url, gateway.key);
  await assert.rejects(
    client.send(
      new ConverseCommand({ modelId: "fine", messages: [{ role: "user", content: [{ text: "hi" }] }] }),
    ),
    { name: "InternalServerException" },
  );
  client.destroy();
});

test("trap 30: where our credentials are refused, the next target serves", async () => {
  await using pair = await startEmulated(TWO);
  const { gateway, emulator } = pair;
  emulator.setFaults([{ kind: "error", exception: "AccessDeniedException", model: "*haiku*" }]);
  const reply = await gateway.chat({ ...CHAT, model: "both" });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("x-switchyard-target"), "two");
  const record = await onlyRecord(gateway);
  assert.match(record.attempts[0]?.cause ?? "", /credentials/);
});

test("trap 30: the target is marked unhealthy and an alert goes out", {
  todo: "targets have no health and no alerts yet",
});
