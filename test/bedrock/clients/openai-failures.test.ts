import assert from "node:assert/strict";
import test from "node:test";
import OpenAI, { type APIError } from "openai";
import type { Fault } from "../../../src/emulator/index.ts";
import { until } from "../../support/gateway.ts";
import { ask, chat, cityFunction } from "./chat.ts";
import { startLab, type Lab, type TargetName } from "./setup.ts";

/** The SDK of OpenAI against Bedrock targets: what fails, and how it hears of it. */

type ErrorFault = Omit<Extract<Fault, { kind: "error" }>, "kind">;

async function failureOf(asked: Promise<unknown>): Promise<APIError> {
  const error = await asked.then(
    () => assert.fail("it was answered"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof OpenAI.APIError, String(error));
  return error;
}

/** What goes wrong upstream; the status, code and SDK class that the client hears. */
const FAILURES: readonly (readonly [ErrorFault, number, string, new (...args: never[]) => APIError])[] = [
  [{ exception: "ThrottlingException" }, 429, "rate_limited", OpenAI.RateLimitError],
  [{ exception: "ServiceQuotaExceededException" }, 429, "rate_limited", OpenAI.RateLimitError],
  [{ exception: "ModelNotReadyException" }, 503, "no_target_available", OpenAI.InternalServerError],
  [{ exception: "ValidationException", message: "No." }, 400, "invalid_request", OpenAI.BadRequestError],
  [
    { exception: "ValidationException", message: "prompt is too long: 9 tokens > 8 maximum" },
    400,
    "context_overflow",
    OpenAI.BadRequestError,
  ],
  [{ exception: "AccessDeniedException" }, 502, "upstream_error", OpenAI.InternalServerError],
  [{ exception: "UnrecognizedClientException" }, 502, "upstream_error", OpenAI.InternalServerError],
  [{ exception: "ExpiredTokenException" }, 502, "upstream_error", OpenAI.InternalServerError],
  [{ exception: "ResourceNotFoundException" }, 404, "model_not_found", OpenAI.NotFoundError],
  [{ exception: "ModelTimeoutException" }, 504, "upstream_timeout", OpenAI.InternalServerError],
  [{ exception: "ModelErrorException" }, 502, "upstream_error", OpenAI.InternalServerError],
  [{ exception: "InternalServerException" }, 502, "upstream_error", OpenAI.InternalServerError],
  [{ exception: "ServiceUnavailableException" }, 502, "upstream_error", OpenAI.InternalServerError],
  [{ status: 502 }, 502, "upstream_error", OpenAI.InternalServerError],
];

for (const streaming of [false, true])
  for (const model of ["claude", "nova"] as const)
    test(`each failure of Bedrock's is the right error of the SDK, ${streaming ? "streamed" : "plain"}, on ${model}`, async () => {
      await using lab = await startLab();
      for (const [index, [fault, status, code, kind]] of FAILURES.entries()) {
        const what = `${fault.exception ?? fault.status} ${fault.message ?? ""}`;
        lab.faults({ kind: "error", ...fault });
        const error = await failureOf(chat(lab, { model, messages: ask("Hello") }, streaming));
        assert.ok(error instanceof kind, `${what}: ${error.constructor.name}`);
        assert.equal(error.status, status, what);
        assert.equal(error.code, code, what);
        if (fault.message !== undefined) assert.ok(error.message.includes(fault.message), error.message);
        const record = await lab.last(index + 1);
        assert.equal(record.status, "failed", what);
        assert.equal(record.code, code, what);
        if (code !== "upstream_timeout") assert.equal(record.costNano, 0n, what);
      }
      assert.equal(lab.emulator.requests().length, FAILURES.length, "nothing is repeated");
      assert.deepEqual(lab.gateway.bugs, []);
    });

test("a throttle's retry-after reaches the SDK, with a model asked by Converse and with one asked at OpenAI's path", async () => {
  await using lab = await startLab();
  lab.faults({ kind: "error", exception: "ThrottlingException", retryAfterSeconds: 7 });
  for (const model of ["claude", "oss"]) {
    const error = await failureOf(chat(lab, { model, messages: ask("Hello") }, false));
    assert.ok(error instanceof OpenAI.RateLimitError, model);
    assert.equal(error.headers.get("retry-after"), "7");
  }
});

test("a failure at OpenAI's own path is the SDK's error as well", async () => {
  await using lab = await startLab();
  const failures = [
    ["AccessDeniedException", 502, "upstream_error"],
    ["ServiceUnavailableException", 502, "upstream_error"],
    ["ValidationException", 400, undefined],
  ] as const;
  for (const [exception, status, code] of failures) {
    lab.faults({ kind: "error", exception });
    for (const streaming of [false, true]) {
      const error = await failureOf(chat(lab, { model: "oss", messages: ask("Hello") }, streaming));
      assert.equal(error.status, status, exception);
      if (code !== undefined) assert.equal(error.code, code);
      assert.doesNotMatch(error.message, /^\d+ status code \(no body\)$/, "the SDK can read the body");
    }
  }
});

/** Whatever the emulator can do to a stream that has begun. */
const BROKEN: readonly Fault[] = [
  { kind: "cut", at: "before-message-stop" },
  { kind: "cut", at: "before-metadata" },
  { kind: "cut", at: "inside-frame" },
  { kind: "cut", at: 3 },
  { kind: "damage", afterFrames: 3 },
  { kind: "reset", afterFrames: 3 },
  { kind: "error-frame", code: "InternalFailure", message: "no", afterFrames: 3 },
  { kind: "exception", exception: "throttlingException", afterFrames: 3 },
  { kind: "exception", exception: "internalServerException", afterFrames: 3 },
  { kind: "exception", exception: "modelTimeoutException", afterFrames: 3 },
  { kind: "exception", exception: "validationException", afterFrames: 3 },
];

test("a stream that breaks in any way is an error after the pieces that came, with no normal end", async () => {
  await using lab = await startLab();
  for (const [index, fault] of BROKEN.entries()) {
    lab.faults(fault);
    const what = JSON.stringify(fault);
    const stream = await lab.openai.chat.completions.create({
      model: "claude",
      messages: ask("Say 60 words"),
      stream: true,
    });
    let text = "";
    let finish: string | null | undefined;
    const error = await failureOf(
      (async () => {
        for await (const { choices } of stream) {
          text += choices[0]?.delta.content ?? "";
          finish = choices[0]?.finish_reason ?? finish;
        }
      })(),
    );
    assert.notEqual(text, "", what);
    if (fault.kind !== "cut" || fault.at !== "before-metadata") assert.equal(finish, undefined, what);
    assert.ok(["upstream_error", "upstream_timeout", "rate_limited"].includes(error.code ?? ""), what);
    const record = await lab.last(index + 1);
    assert.equal(record.status, "failed", what);
    assert.equal(record.code, error.code, what);
    assert.ok(record.estimated && record.costNano > 0n, what);
  }
});

test("the bytes of a broken stream have an error and no [DONE]", async () => {
  await using lab = await startLab();
  for (const at of [4, "before-message-stop", "before-metadata"] as const) {
    lab.faults({ kind: "cut", at });
    const reply = await lab.gateway.chat({ model: "claude", messages: ask("Say 60 words"), stream: true });
    const text = await reply.text();
    assert.doesNotMatch(text, /\[DONE\]/);
    assert.match(text, /data: \{"error":\{[^\n]*\}\}\n\n$/);
  }
});

test("what breaks before its first event is the next target's turn, streamed and plain", async () => {
  await using lab = await startLab({
    yaml: "tasks: { fall: { targets: [claude, nova, oss, engine] } }",
  });
  const faults: readonly Fault[] = [
    { kind: "cut", at: "start" },
    { kind: "exception", exception: "throttlingException" },
    { kind: "error", exception: "ServiceUnavailableException" },
    { kind: "error", exception: "AccessDeniedException" },
    { kind: "reset", afterFrames: 0 },
  ];
  for (const fault of faults) {
    lab.faults({ ...fault, model: "*claude*" });
    const { headers, finish } = await chat(lab, { model: "fall", messages: ask("Hello") }, true);
    assert.equal(headers.get("x-switchyard-target"), "nova", JSON.stringify(fault));
    assert.equal(headers.get("x-switchyard-attempts"), "2");
    assert.equal(finish, "stop");
  }
  lab.faults({ kind: "error", exception: "ThrottlingException" });
  const { headers, record } = await chat(lab, { model: "fall", messages: ask("Hello") }, false);
  assert.equal(headers.get("x-switchyard-target"), "engine");
  assert.equal(headers.get("x-switchyard-attempts"), "4");
  assert.equal(record.costNano, 18_000n);
});

const UNSUPPORTED = {
  seed: 7,
  logit_bias: { 1: 1 },
  logprobs: true,
  presence_penalty: 0.5,
  frequency_penalty: 0.5,
} as const;

test("parameters that Converse does not have are refused, all named at once", async () => {
  await using lab = await startLab();
  const error = await failureOf(
    chat(lab, { model: "claude", messages: ask("Hello"), ...UNSUPPORTED }, false),
  );
  assert.ok(error instanceof OpenAI.BadRequestError);
  assert.equal(error.code, "unsupported_parameter");
  for (const name of Object.keys(UNSUPPORTED)) assert.ok(error.message.includes(name), name);
  assert.equal(lab.emulator.requests().length, 0);
});

test("with unsupported: drop they are left out and named in a header, plain and streaming", async () => {
  await using lab = await startLab({ more: { claude: ", unsupported: drop" } });
  for (const streaming of [false, true]) {
    const { headers, finish } = await chat(
      lab,
      { model: "claude", messages: ask("Hello"), ...UNSUPPORTED },
      streaming,
    );
    assert.equal(finish, "stop");
    const dropped = (headers.get("x-switchyard-dropped-params") ?? "").split(",");
    assert.deepEqual(dropped.toSorted(), Object.keys(UNSUPPORTED).toSorted());
    for (const name of Object.keys(UNSUPPORTED)) assert.equal(lab.sent()[name], undefined);
  }
});

test("two choices are refused whatever may be dropped", async () => {
  await using lab = await startLab({ more: { claude: ", unsupported: drop" } });
  const error = await failureOf(chat(lab, { model: "claude", messages: ask("Hello"), n: 2 }, false));
  assert.equal(error.code, "unsupported_parameter");
  assert.match(error.message, /\bn\b/);
});

test("parameters written out with their defaults are no parameters", async () => {
  await using lab = await startLab();
  const { finish } = await chat(
    lab,
    {
      model: "opus",
      messages: ask("Hello"),
      n: 1,
      temperature: 1,
      top_p: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      logprobs: false,
      logit_bias: {},
      store: false,
      service_tier: "auto",
      parallel_tool_calls: true,
      tools: [cityFunction("get_time")],
    },
    false,
  );
  assert.equal(finish, "stop");
});

test("a temperature that a model does not know any more is refused and named, also behind a profile's ARN", async () => {
  await using lab = await startLab({ more: { opus: ", unsupported: drop" } });
  const { headers } = await chat(lab, { model: "opus", messages: ask("Hello"), temperature: 0.5 }, false);
  assert.equal(headers.get("x-switchyard-dropped-params"), "temperature");
});

test("a temperature beyond Converse's range is refused, not changed in silence", async () => {
  await using lab = await startLab();
  const error = await failureOf(
    chat(lab, { model: "claude", messages: ask("Hello"), temperature: 1.7 }, false),
  );
  assert.match(error.message, /temperature/);
});

async function leave(lab: Lab, target: TargetName): Promise<void> {
  const stream = await lab.openai.chat.completions.create({
    model: target,
    messages: ask("Say 60 words"),
    stream: true,
  });
  for await (const { choices } of stream) if (choices[0]?.delta.content) break;
}

test("a client that leaves makes an abandoned exchange, estimated, and with onAbort: drain the upstream's own usage", async () => {
  await using lab = await startLab({ more: { nova: ", onAbort: drain" } });
  lab.faults({ kind: "hang", afterFrames: 4 });
  await leave(lab, "claude");
  const cancelled = await lab.last();
  assert.equal(cancelled.status, "abandoned");
  assert.equal(cancelled.estimated, true);
  assert.ok(cancelled.costNano > 0n);
  lab.faults({ kind: "pace", tokensPerSecond: 200 });
  await leave(lab, "nova");
  const drained = await lab.last(2);
  assert.equal(drained.status, "abandoned");
  assert.equal(drained.estimated, false);
  assert.ok((drained.usage?.outputTokens ?? 0) >= 60);
});

test("an abort before the first byte is an abandoned exchange, plain and streaming", async () => {
  await using lab = await startLab();
  lab.faults({ kind: "hang" });
  for (const [index, stream] of [false, true].entries()) {
    const controller = new AbortController();
    const waiting = lab.openai.chat.completions.create(
      { model: "claude", messages: ask("Hello"), stream },
      { signal: controller.signal },
    );
    const rejected = assert.rejects(waiting, OpenAI.APIUserAbortError);
    await until(() => lab.emulator.requests().length === index + 1, "the request");
    controller.abort();
    await rejected;
    assert.equal((await lab.last(index + 1)).status, "abandoned");
  }
});
