import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
  type BedrockRuntimeClient,
} from "@aws-sdk/client-bedrock-runtime";
import type { Fault } from "../../../src/emulator/index.ts";
import { chunk, DONE, FINISH, sse, USAGE_FRAME } from "../../support/engine.ts";
import { until } from "../../support/gateway.ts";
import { assemble, ask } from "./converse.ts";
import { costOf, startLab } from "./setup.ts";

/** The AWS SDK against the gateway: streams that break, on either side. */

/** Streams, and how many events came of each before it ended or threw. */
interface Heard {
  readonly events: number;
  readonly error: Error | undefined;
}

type Listen = (client: BedrockRuntimeClient, modelId: string, leaving?: AbortController) => Promise<Heard>;

/** @param leaving  is aborted after the first event */
async function hear(
  open: (how: { abortSignal?: AbortSignal }) => Promise<AsyncIterable<unknown> | undefined>,
  leaving?: AbortController,
): Promise<Heard> {
  let events = 0;
  try {
    const stream = await open(leaving === undefined ? {} : { abortSignal: leaving.signal });
    for await (const _ of stream ?? []) {
      events++;
      leaving?.abort();
    }
    return { events, error: undefined };
  } catch (error) {
    return { events, error: error as Error };
  }
}

const LISTEN: Readonly<Record<"ConverseStream" | "InvokeModelWithResponseStream", Listen>> = {
  ConverseStream: (client, modelId, leaving) =>
    hear(async (how) => {
      const command = new ConverseStreamCommand({ modelId, messages: ask("Say 60 words") });
      return (await client.send(command, how)).stream;
    }, leaving),
  InvokeModelWithResponseStream: (client, modelId, leaving) =>
    hear(async (how) => {
      const body = JSON.stringify({
        anthropic_version: "bedrock-2023-05-31",
        max_tokens: 500,
        messages: [{ role: "user", content: "Say 60 words" }],
      });
      const command = new InvokeModelWithResponseStreamCommand({ modelId, body });
      return (await client.send(command, how)).body;
    }, leaving),
};

/** Whatever the emulator can do to a stream that has begun. */
const BROKEN: readonly Fault[] = [
  { kind: "cut", at: "before-message-stop" },
  { kind: "cut", at: "before-metadata" },
  { kind: "cut", at: "inside-frame" },
  { kind: "cut", at: 1 },
  { kind: "cut", at: 3 },
  { kind: "damage", afterFrames: 2 },
  { kind: "reset", afterFrames: 3 },
  { kind: "error-frame", code: "InternalFailure", message: "no", afterFrames: 2 },
];

for (const [operation, listen] of Object.entries(LISTEN))
  for (const http1 of [false, true]) {
    const version = http1 ? "HTTP/1.1" : "HTTP/2";
    test(`a stream that breaks in any way is an error of ${operation} over ${version}, never a silent end`, async () => {
      await using lab = await startLab();
      const { client } = lab.aws({ http1 });
      for (const [index, fault] of BROKEN.entries()) {
        lab.faults(fault);
        const { error } = await listen(client, "claude");
        const what = JSON.stringify(fault);
        assert.ok(error !== undefined, `${what} ended as if all were well`);
        const record = await lab.last(index + 1);
        assert.equal(record.status, "failed", what);
        assert.equal(record.code, "upstream_error", what);
        assert.ok(record.estimated && record.costNano > 0n, `${what}: what was generated is charged`);
      }
      assert.deepEqual(lab.gateway.bugs, []);
    });
  }

/** Exceptions of a stream, by their member names, and the class that the SDK has for each. */
const EXCEPTIONS = {
  throttlingException: ["ThrottlingException", "rate_limited"],
  validationException: ["ValidationException", "upstream_error"],
  internalServerException: ["InternalServerException", "upstream_error"],
  modelStreamErrorException: ["ModelStreamErrorException", "upstream_error"],
  serviceUnavailableException: ["ServiceUnavailableException", "upstream_error"],
} as const;

for (const [operation, listen] of Object.entries(LISTEN)) {
  test(`an exception in mid-stream is the SDK's class of it, after the events that came, by ${operation}`, async () => {
    await using lab = await startLab();
    const { client } = lab.aws();
    for (const [index, [exception, [name, code]]] of Object.entries(EXCEPTIONS).entries()) {
      lab.faults({ kind: "exception", exception, afterFrames: 3 });
      const { events, error } = await listen(client, "claude");
      assert.equal(error?.name, name);
      assert.equal(events, 3, exception);
      const record = await lab.last(index + 1);
      assert.equal(record.status, "failed");
      assert.equal(record.code, code, exception);
      assert.ok(record.estimated && record.costNano > 0n);
    }
  });

  test(`an exception outside the operation's own is an error, too, by ${operation}`, async () => {
    await using lab = await startLab();
    const { client } = lab.aws();
    for (const [index, exception] of [
      "modelTimeoutException",
      "accessDeniedException",
      "newException",
    ].entries()) {
      lab.faults({ kind: "exception", exception, afterFrames: 3 });
      const { error } = await listen(client, "claude");
      assert.ok(error !== undefined, exception);
      const record = await lab.last(index + 1);
      assert.equal(record.status, "failed");
      assert.equal(
        record.code,
        exception === "modelTimeoutException" ? "upstream_timeout" : "upstream_error",
      );
    }
  });

  test(`an exception as the first frame is the next target's turn, and of the last one the SDK hears, by ${operation}`, async () => {
    await using lab = await startLab({
      yaml: "tasks: { fall: { targets: [claude, claude-two] } }",
    });
    const aws = lab.aws();
    for (const fault of [
      { kind: "exception", exception: "throttlingException", model: "*sonnet*" },
      { kind: "cut", at: "start", model: "*sonnet*" },
      { kind: "reset", afterFrames: 0, model: "*sonnet*" },
      { kind: "cut", at: 0, model: "*sonnet*" },
    ] as const satisfies readonly Fault[]) {
      lab.faults(fault);
      const { error, events } = await listen(aws.client, "fall");
      assert.equal(error, undefined, JSON.stringify(fault));
      assert.ok(events > 5);
      assert.equal(aws.headers()["x-switchyard-target"], "claude-two");
      assert.equal(aws.headers()["x-switchyard-attempts"], "2");
    }
    lab.faults({ kind: "exception", exception: "throttlingException" });
    assert.equal((await listen(aws.client, "fall")).error?.name, "ThrottlingException");
    lab.faults({ kind: "cut", at: "start" });
    assert.equal((await listen(aws.client, "fall")).error?.name, "InternalServerException");
  });

  for (const http1 of [false, true]) {
    test(`a client that leaves makes an abandoned exchange, estimated, by ${operation} over ${http1 ? "HTTP/1.1" : "HTTP/2"}`, async () => {
      await using lab = await startLab();
      lab.faults({ kind: "hang", afterFrames: 4 });
      const { client } = lab.aws({ http1 });
      await listen(client, "claude", new AbortController());
      const record = await lab.last();
      assert.equal(record.status, "abandoned");
      assert.equal(record.estimated, true);
      assert.ok(record.costNano > 0n);
    });
  }

  test(`with onAbort: drain the usage of an abandoned exchange is the upstream's own, by ${operation}`, async () => {
    await using lab = await startLab({ more: { claude: ", onAbort: drain" } });
    lab.faults({ kind: "pace", tokensPerSecond: 200 });
    const { client } = lab.aws();
    await listen(client, "claude", new AbortController());
    const record = await lab.last();
    assert.equal(record.status, "abandoned");
    assert.equal(record.estimated, false);
    // All was generated and charged, though nobody read it.
    const { inputTokens, outputTokens = 0 } = record.usage ?? {};
    assert.ok(outputTokens >= 60, String(outputTokens));
    assert.equal(record.costNano, costOf("claude", { inputTokens, outputTokens }));
  });
}

test("leaving the loop of a stream is leaving the exchange, and stops an engine", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("one "));
  };
  for (const http1 of [false, true]) {
    const { client } = lab.aws({ http1 });
    const controller = new AbortController();
    const reply = await client.send(
      new ConverseStreamCommand({ modelId: "engine", messages: ask("Hello") }),
      { abortSignal: controller.signal },
    );
    for await (const event of reply.stream ?? []) if (event.contentBlockDelta !== undefined) break;
    controller.abort();
    client.destroy();
    await until(() => lab.engine.seen.at(-1)?.closedEarly, "the close at the engine");
    const record = await lab.last(http1 ? 2 : 1);
    assert.equal(record.status, "abandoned");
  }
});

test("a plain request that is given up is an abandoned exchange", async () => {
  await using lab = await startLab();
  lab.faults({ kind: "hang" });
  for (const http1 of [false, true]) {
    const { client } = lab.aws({ http1 });
    const controller = new AbortController();
    const waiting = client.send(new ConverseCommand({ modelId: "claude", messages: ask("x") }), {
      abortSignal: controller.signal,
    });
    const rejected = assert.rejects(waiting, { name: "AbortError" });
    await until(() => lab.emulator.requests().length === (http1 ? 2 : 1), "the request");
    controller.abort();
    await rejected;
    assert.equal((await lab.last(http1 ? 2 : 1)).status, "abandoned");
  }
});

test("an engine's stream that breaks in any way is an exception in mid-stream, never a silent end", async () => {
  await using lab = await startLab();
  const { client } = lab.aws();
  const endings: readonly (readonly string[])[] = [
    [],
    [FINISH.slice(0, 20)],
    ['data: {"error":{"message":"out of memory"}}\n\n'],
    ["data: {no json\n\n"],
    [FINISH.replace('"stop"', '"abort"'), USAGE_FRAME, DONE],
  ];
  for (const [index, ending] of endings.entries()) {
    lab.engine.script = (_request, response) => {
      sse(response);
      response.write(chunk("one "));
      for (const part of ending) response.write(part);
      response.end();
    };
    const { events, error } = await LISTEN.ConverseStream(client, "engine");
    assert.ok(error !== undefined, `${JSON.stringify(ending)} ended as if all were well`);
    assert.ok(["InternalServerException", "ModelStreamErrorException"].includes(error.name), error.name);
    assert.ok(events >= 2, "what came before is heard");
    assert.equal((await lab.last(index + 1)).status, "failed");
  }
});

test("an engine that resets its connection is an exception in mid-stream", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("one "), () => response.destroy());
  };
  for (const http1 of [false, true]) {
    const { error } = await LISTEN.ConverseStream(lab.aws({ http1 }).client, "engine");
    assert.equal(error?.name, "InternalServerException");
  }
});

test("an engine that tells no usage is charged by an estimate, and the SDK still gets its metadata", async () => {
  await using lab = await startLab();
  lab.engine.script = (_request, response) => {
    sse(response);
    response.write(chunk("one two three four"));
    response.end(FINISH + DONE);
  };
  const aws = lab.aws();
  const reply = await assemble(
    (await aws.client.send(new ConverseStreamCommand({ modelId: "engine", messages: ask("Hello") }))).stream,
  );
  assert.equal(reply.stopReason, "end_turn");
  assert.ok(reply.usage !== undefined);
  const record = await aws.record();
  assert.equal(record.estimated, true);
  assert.equal(
    record.costNano,
    costOf("engine", {
      inputTokens: record.usage?.inputTokens,
      outputTokens: record.usage?.outputTokens,
    }),
  );
});

test("thirty streams at once on one connection are each their own", async () => {
  await using lab = await startLab();
  const { client } = lab.aws({ credentials: lab.pair() });
  const words = Array.from({ length: 30 }, (_, index) => `word${index}`);
  const texts = await Promise.all(
    words.map(async (word) => {
      const request = { modelId: "sim", messages: ask(`Repeat ${word}`) };
      return (await assemble((await client.send(new ConverseStreamCommand(request))).stream)).text;
    }),
  );
  for (const [index, text] of texts.entries()) assert.ok(text.includes(`word${index}"`), text);
  await lab.last(30);
  assert.ok(lab.gateway.records.every(({ status }) => status === "answered"));
});
