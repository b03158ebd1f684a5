import assert from "node:assert/strict";
import test from "node:test";
import type { Fault } from "../../../src/emulator/index.ts";
import type { ExchangeRecord } from "../../../src/telemetry/record.ts";
import { chunk, DONE, Engine, FINISH, sse, USAGE_FRAME, type Script } from "../../support/engine.ts";
import { until } from "../../support/gateway.ts";
import { Boto3, bytesOf, NO_BOTO3, type Outcome, type Params } from "./boto3.ts";
import { collected, converseOf } from "./converse-replies.ts";
import {
  asking,
  assertCharged,
  MODELS,
  NANO,
  replyOf,
  startSetup,
  type ConverseUsage,
  type Setup,
} from "./setup.ts";

/** Streams that boto3 reads and that break, on either side. */

const skip = NO_BOTO3;
const CLAUDE = JSON.stringify({
  anthropic_version: "bedrock-2023-05-31",
  max_tokens: 400,
  messages: [{ role: "user", content: "tell me 60 words" }],
});
const STREAMS: readonly (readonly [name: string, params: Params])[] = [
  ["converse_stream", asking("tell me 60 words")],
  ["invoke_model_with_response_stream", { body: CLAUDE }],
];
const AFTER = 4;

/** That a stream broke after its first events, in boto3's way, and that what came of it is charged by estimate. */
async function assertBroken(setup: Setup, outcome: Outcome, what: string): Promise<ExchangeRecord> {
  const { error, events } = outcome;
  assert.equal(error?.kind, "EventStreamError", `${what}: ${JSON.stringify(outcome)}`);
  assert.ok(events.length > 0, what);
  assert.ok(
    events.every((event) => !("metadata" in event)),
    `${what}: a broken stream has no metadata`,
  );
  const record = await recordOf(setup, outcome);
  assert.equal(record.status, "failed", what);
  assert.equal(record.estimated, true, what);
  assert.ok(record.costNano > 0n, what);
  assert.ok((record.usage?.outputTokens ?? 0) > 0, what);
  return record;
}

/** The exchange of a stream that broke: its head told, and boto3 keeps no error's. */
async function recordOf(setup: Setup, outcome: Outcome): Promise<ExchangeRecord> {
  if (outcome.metadata !== undefined) return setup.record(outcome);
  return until(() => setup.gateway.records.at(-1));
}

test("streams of Bedrock's that break", { skip }, async (suite) => {
  await using setup = await startSetup({
    targets: `  hasty: { provider: aws, model: us.amazon.nova-pro-v1:0, tier: premium, price: { input: 1, output: 2 }, timeouts: { idle: 300ms } }
`,
  });
  const { emulator, gateway } = setup;
  suite.beforeEach(() => emulator.setFaults([]));

  /** One call with a fault; what is recorded of it is the last record. */
  async function broken(
    fault: Fault,
    [name, params]: (typeof STREAMS)[number],
    modelId = "sonnet",
  ): Promise<Outcome> {
    gateway.records.length = 0;
    emulator.setFaults([fault]);
    const outcome = await setup.call(name, { modelId, ...params });
    emulator.setFaults([]);
    return outcome;
  }

  for (const exception of [
    "throttlingException",
    "internalServerException",
    "modelStreamErrorException",
    "validationException",
    "serviceUnavailableException",
  ]) {
    await suite.test(
      `${exception} in mid-stream is raised by its name and message, after the events before`,
      async () => {
        for (const stream of STREAMS) {
          const message = `It broke: ${exception}`;
          const outcome = await broken({ kind: "exception", exception, message, afterFrames: AFTER }, stream);
          await assertBroken(setup, outcome, `${exception} ${stream[0]}`);
          assert.equal(outcome.events.length, AFTER);
          assert.equal(outcome.error?.code, exception);
          assert.equal(outcome.error.said, message);
        }
      },
    );
  }

  await suite.test(
    "an exception that the operation does not know has a name and a message in boto3, too",
    async () => {
      // botocore tells neither of a frame whose class its model of the operation has not.
      for (const exception of ["modelTimeoutException", "someFutureException"])
        for (const stream of STREAMS) {
          const message = `It broke: ${exception}`;
          const outcome = await broken({ kind: "exception", exception, message, afterFrames: AFTER }, stream);
          await assertBroken(setup, outcome, `${exception} ${stream[0]}`);
          assert.notEqual(outcome.error?.code, "", `${stream[0]}: ${JSON.stringify(outcome.error)}`);
          assert.ok(outcome.error?.said?.includes(message));
        }
    },
  );

  await suite.test("what is wrong with our own account is not told in mid-stream", async () => {
    for (const exception of ["accessDeniedException", "expiredTokenException"])
      for (const stream of STREAMS) {
        const message = "User: arn:aws:iam::123456789012:user/gateway is not authorized";
        const outcome = await broken({ kind: "exception", exception, message, afterFrames: AFTER }, stream);
        await assertBroken(setup, outcome, exception);
        assert.equal(outcome.error?.code, "internalServerException");
        assert.doesNotMatch(JSON.stringify(outcome), /arn:aws:iam/);
      }
  });

  await suite.test(
    "an exception as the first frame is raised by the call, as one that came in its place",
    async () => {
      for (const stream of STREAMS)
        for (const [exception, raised, status] of [
          ["throttlingException", "ThrottlingException", 429],
          ["internalServerException", "InternalServerException", 500],
          ["modelTimeoutException", "ModelTimeoutException", 408],
        ] as const) {
          const outcome = await broken({ kind: "exception", exception }, stream);
          assert.equal(outcome.error?.kind, raised, `${exception} ${JSON.stringify(outcome)}`);
          assert.equal(outcome.error.metadata?.HTTPStatusCode, status);
          assert.deepEqual(outcome.events, []);
          assert.equal((await setup.record(outcome)).status, "failed");
        }
    },
  );

  await suite.test("a frame of type error is raised", async () => {
    for (const stream of STREAMS) {
      const fault = {
        kind: "error-frame",
        code: "InternalError",
        message: "It fell over",
        afterFrames: AFTER,
      } as const;
      const outcome = await broken(fault, stream);
      await assertBroken(setup, outcome, stream[0]);
      assert.match(outcome.error?.message ?? "", /It fell over/);
    }
  });

  const cuts: readonly (readonly [what: string, fault: Fault])[] = [
    ["after some frames", { kind: "cut", at: AFTER }],
    ["before its messageStop", { kind: "cut", at: "before-message-stop" }],
    ["before its metadata", { kind: "cut", at: "before-metadata" }],
    ["inside a frame", { kind: "cut", at: "inside-frame" }],
    ["by a reset", { kind: "reset", afterFrames: AFTER }],
    ["by a frame whose checksum does not fit", { kind: "damage", afterFrames: AFTER }],
  ];
  for (const [what, fault] of cuts) {
    await suite.test(
      `a stream that is cut ${what} is an error for boto3, which would take it for a whole one`,
      async () => {
        for (const stream of STREAMS) {
          const outcome = await broken(fault, stream);
          const record = await assertBroken(setup, outcome, `${what} ${stream[0]}`);
          assert.equal(outcome.error?.code, "internalServerException");
          assert.equal(record.code, "upstream_error");
          assert.ok(outcome.error.said?.includes(record.id), "the error names its exchange");
        }
      },
    );
  }

  await suite.test("a stream without a frame is raised by the call", async () => {
    for (const stream of STREAMS) {
      const outcome = await broken({ kind: "cut", at: "start" }, stream);
      assert.equal(outcome.error?.kind, "InternalServerException", JSON.stringify(outcome));
      assert.equal((await setup.record(outcome)).status, "failed");
    }
  });

  await suite.test("a stream that falls silent is a timeout in the operation's own word", async () => {
    const [converse] = STREAMS;
    assert.ok(converse);
    const outcome = await broken({ kind: "hang", afterFrames: AFTER }, converse, "hasty");
    const record = await assertBroken(setup, outcome, "hang");
    assert.equal(record.code, "upstream_timeout");
    assert.equal(outcome.error?.code, "modelStreamErrorException");
    const nova = { body: JSON.stringify({ messages: [{ role: "user", content: [{ text: "60 words" }] }] }) };
    const invoked = await broken(
      { kind: "hang", afterFrames: AFTER },
      ["invoke_model_with_response_stream", nova],
      "hasty",
    );
    await assertBroken(setup, invoked, "hang");
    assert.equal(invoked.error?.code, "modelTimeoutException");
  });

  await suite.test("a slow stream comes whole and is charged as it says", async () => {
    emulator.setFaults([{ kind: "pace", firstTokenMs: 20, tokensPerSecond: 400 }]);
    const outcome = await setup.call("converse_stream", { modelId: "sonnet", ...asking("tell me 60 words") });
    replyOf(outcome);
    assertCharged(await setup.record(outcome), collected(outcome.events).usage);
  });
});

test("streams that boto3 leaves", { skip }, async (suite) => {
  await using setup = await startSetup({
    labels: false,
    targets: `  draining: { provider: aws, model: us.amazon.nova-pro-v1:0, tier: premium, price: { input: 3.30, output: 16.50, cacheRead: 0.33, cacheWrite: 4.125 }, onAbort: drain }
`,
  });
  const { emulator, gateway, boto3 } = setup;
  suite.beforeEach(() => emulator.setFaults([]));
  const abandoned = (): Promise<ExchangeRecord> =>
    until(() => gateway.records.find(({ status }) => status === "abandoned"), "the abandoned exchange");

  await suite.test(
    "closed after two events are abandoned, charged by estimate, and stopped at Bedrock",
    async () => {
      for (const [name, params] of STREAMS) {
        gateway.records.length = 0;
        emulator.setFaults([{ kind: "hang", afterFrames: 6 }]);
        const outcome = await setup.call(name, { modelId: "sonnet", ...params }, { leaveAfter: 2 });
        assert.equal(outcome.events.length, 2);
        const record = await abandoned();
        assert.equal(record.id, outcome.metadata?.HTTPHeaders["x-switchyard-exchange"]);
        assert.equal(record.estimated, true);
        assert.equal(record.target, "sonnet");
        assert.ok((record.usage?.inputTokens ?? 0) > 0);
        const { inputTokens = 0, outputTokens = 0 } = record.usage ?? {};
        assert.equal(record.costNano, BigInt(inputTokens * NANO.input + outputTokens * NANO.output));
      }
    },
  );

  await suite.test("of a target that drains are charged as reported", async () => {
    const asked = asking("tell me 60 words");
    const body = JSON.stringify(asked);
    const whole = await setup.call("invoke_model", { modelId: "draining", body });
    const invoked = JSON.parse(bytesOf((replyOf(whole) as { body: unknown }).body).toString()) as {
      usage: ConverseUsage;
    };
    const conversed = converseOf(await setup.call("converse", { modelId: "draining", ...asked }));
    const drained: readonly (readonly [name: string, params: Params, usage: ConverseUsage])[] = [
      ["converse_stream", asked, conversed.usage],
      ["invoke_model_with_response_stream", { body }, invoked.usage],
    ];
    for (const [name, params, usage] of drained) {
      gateway.records.length = 0;
      emulator.setFaults([{ kind: "pace", tokensPerSecond: 500 }]);
      const outcome = await setup.call(name, { modelId: "draining", ...params }, { leaveAfter: 2 });
      assert.equal(outcome.events.length, 2);
      const record = await abandoned();
      assertCharged({ ...record, status: "answered" }, usage);
    }
  });

  await suite.test("by a process that is killed are abandoned", async () => {
    gateway.records.length = 0;
    emulator.setFaults([{ kind: "hang", afterFrames: 3 }]);
    const other = new Boto3();
    const params = { modelId: "sonnet", ...asking("tell me 60 words") };
    const ended = other.call(setup.client, "converse_stream", params, {
      onEvent: () => other.child.kill("SIGKILL"),
    });
    await assert.rejects(ended, /Python has ended/);
    assert.equal((await abandoned()).estimated, true);
    emulator.setFaults([]);
    await other[Symbol.asyncDispose]();
  });

  await suite.test(
    "when their own patience ends are abandoned, in mid-stream and before the first byte",
    async () => {
      for (const [name, fault] of [
        ["converse_stream", { kind: "hang", afterFrames: 3 }],
        ["converse_stream", { kind: "hang" }],
        ["converse", { kind: "hang" }],
      ] as const) {
        gateway.records.length = 0;
        emulator.setFaults([fault]);
        const outcome = await boto3.call({ ...setup.client, readTimeout: 1 }, name, {
          modelId: "sonnet",
          ...asking("tell me 60 words"),
        });
        assert.match(outcome.error?.kind ?? "", /ReadTimeoutError/);
        const record = await abandoned();
        assert.equal(record.estimated, true);
        assert.equal(gateway.records.length, 1);
      }
    },
  );

  await suite.test("leave the client usable", async () => {
    replyOf(await setup.call("converse", { modelId: MODELS.sonnet, ...asking("hi") }));
  });
});

test("streams of an engine that speaks OpenAI", { skip }, async (suite) => {
  await using engine = await Engine.start();
  await using setup = await startSetup({
    providers: `  eng: { kind: openai-compatible, baseUrl: "${engine.url}" }`,
    targets: `  eng: { provider: eng, model: eng-up, tier: dedicated, price: { input: 1, output: 2 }, timeouts: { idle: 400ms } }
  patient: { provider: eng, model: patient-up, tier: dedicated, price: { input: 1, output: 2 } }
`,
    config: "server: { timeouts: { keepAliveComment: 20ms } }\n",
  });
  const stream = (modelId = "eng", leaveAfter?: number): Promise<Outcome> =>
    setup.call(
      "converse_stream",
      { modelId, ...asking("hi") },
      leaveAfter === undefined ? {} : { leaveAfter },
    );

  const breaks: readonly (readonly [what: string, script: Script])[] = [
    [
      "is cut",
      (_request, response) => {
        sse(response);
        response.write(chunk("one "), () => response.destroy());
      },
    ],
    [
      "ends without a finish reason",
      (_request, response) => {
        sse(response);
        response.end(chunk("one "));
      },
    ],
    [
      "ends as if all were well, without a finish reason",
      (_request, response) => {
        sse(response);
        response.end(chunk("one ") + DONE);
      },
    ],
    [
      "has an error in it",
      (_request, response) => {
        sse(response);
        response.end(`${chunk("one ")}data: {"error":{"message":"out of memory"}}\n\n`);
      },
    ],
    [
      "is no JSON",
      (_request, response) => {
        sse(response);
        response.end(`${chunk("one ")}data: {"choices":[\n\n${FINISH}${DONE}`);
      },
    ],
  ];
  for (const [what, script] of breaks) {
    await suite.test(`one that ${what} is an EventStreamError after the events before`, async () => {
      engine.script = script;
      setup.gateway.records.length = 0;
      const outcome = await stream();
      await assertBroken(setup, outcome, what);
      assert.ok(outcome.events.some(({ contentBlockDelta: delta }) => delta !== undefined));
      assert.ok(
        outcome.events.every((event) => !("messageStop" in event)),
        "it did not stop",
      );
      assert.equal(outcome.error?.code, "internalServerException");
    });
  }

  await suite.test("one that falls silent is a modelStreamErrorException", async () => {
    engine.script = (_request, response) => {
      sse(response);
      response.write(chunk("one "));
    };
    setup.gateway.records.length = 0;
    const outcome = await stream();
    await assertBroken(setup, outcome, "silence");
    assert.equal(outcome.error?.code, "modelStreamErrorException");
  });

  await suite.test(
    "one without usage is charged by estimate, and tells boto3 no usage that is not so",
    async () => {
      engine.script = (_request, response) => {
        sse(response);
        response.end(chunk("one two three") + FINISH + DONE);
      };
      const outcome = await stream();
      replyOf(outcome);
      const record = await setup.record(outcome);
      assert.equal(record.status, "answered");
      assert.equal(record.estimated, true);
      assert.ok(record.costNano > 0n);
    },
  );

  await suite.test("one that begins late has no comments before it, which boto3 could not read", async () => {
    engine.script = (_request, response) => {
      setTimeout(() => {
        sse(response);
        response.end(chunk("late") + FINISH + USAGE_FRAME + DONE);
      }, 200);
    };
    const outcome = await stream();
    replyOf(outcome);
    assert.equal(collected(outcome.events).text, "late");
  });

  await suite.test("one that boto3 leaves is abandoned and closed at the engine", async () => {
    engine.script = (_request, response) => {
      sse(response);
      response.write(chunk("one "));
    };
    setup.gateway.records.length = 0;
    const outcome = await stream("patient", 2);
    assert.equal(outcome.events.length, 2);
    const record = await until(() => setup.gateway.records[0]);
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, true);
    await until(() => engine.seen.at(-1)?.closedEarly, "the close at the engine");
  });
});
