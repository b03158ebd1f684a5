import assert from "node:assert/strict";
import test from "node:test";
import {
  ConverseCommand,
  ConverseStreamCommand,
  InvokeModelWithResponseStreamCommand,
  type ConverseStreamOutput,
} from "@aws-sdk/client-bedrock-runtime";
import type { Fault } from "../../src/emulator/index.ts";
import { asking, collect, NOVA, refusalOf, sdk, sdk1, SONNET, start } from "./support.ts";

const HELLO = new ConverseCommand(asking("Hello"));
const STREAM = new ConverseStreamCommand(asking("Hello"));

/** Every exception with its status, and how often the SDK tries. */
const EXCEPTIONS: readonly (readonly [exception: string, status: number, attempts: number])[] = [
  ["ThrottlingException", 429, 3],
  ["ModelNotReadyException", 429, 3],
  ["ModelTimeoutException", 408, 1],
  ["ModelErrorException", 424, 1],
  ["InternalServerException", 500, 3],
  ["ServiceUnavailableException", 503, 3],
  ["ValidationException", 400, 1],
  ["ServiceQuotaExceededException", 400, 1],
  ["AccessDeniedException", 403, 1],
  ["ResourceNotFoundException", 404, 1],
];

for (const [exception, status, attempts] of EXCEPTIONS)
  test(`${exception} reaches the SDK as its own class with ${status}, tried ${attempts} times`, async () => {
    await using emulator = await start({ script: { faults: [{ kind: "error", exception }] } });
    using runtime = sdk(emulator, { maxAttempts: 3 });
    const error = await refusalOf(runtime.send(HELLO));
    assert.equal(error.name, exception);
    assert.equal(error.$metadata?.httpStatusCode, status);
    assert.equal(emulator.requests().length, attempts);
    assert.deepEqual([...new Set(emulator.requests().map(({ error: seen }) => seen))], [exception]);
  });

test("an error carries its members, its message and when to come again", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  emulator.setFaults([
    {
      kind: "error",
      exception: "ModelErrorException",
      message: "broken",
      members: { originalStatusCode: 503, resourceName: "x" },
      retryAfterSeconds: 3,
    },
  ]);
  const error = await refusalOf(runtime.send(HELLO));
  assert.equal(error.message, "broken");
  assert.equal((error as Error & { originalStatusCode?: number }).originalStatusCode, 503);
  const response = await fetch(`${emulator.url}/model/x/converse`, {
    method: "POST",
    headers: { authorization: "Bearer a-long-term-key" },
  });
  assert.equal(response.headers.get("retry-after"), "3");
});

test("a bare status is one without a type", async () => {
  await using emulator = await start({ script: { faults: [{ kind: "error", status: 502 }] } });
  using runtime = sdk1(emulator);
  assert.equal((await refusalOf(runtime.send(HELLO))).$metadata?.httpStatusCode, 502);
  assert.equal(emulator.requests()[0]?.error, undefined);
});

test("skip, first and every choose which requests are hit; operation and model which are counted", async () => {
  const hit = async (fault: object): Promise<string> => {
    const faults = [{ kind: "error", exception: "ValidationException", ...fault } as Fault];
    await using emulator = await start({ script: { faults } });
    using runtime = sdk(emulator);
    for (let time = 0; time < 6; time++) await runtime.send(HELLO).catch(() => {});
    return emulator
      .requests()
      .map(({ status }) => (status === 200 ? "." : "x"))
      .join("");
  };
  assert.equal(await hit({}), "xxxxxx");
  assert.equal(await hit({ first: 2 }), "xx....");
  assert.equal(await hit({ skip: 1, first: 2 }), ".xx...");
  assert.equal(await hit({ every: 3 }), "..x..x");
  assert.equal(await hit({ every: 2, first: 2 }), ".x.x..");
  assert.equal(await hit({ operation: "ConverseStream" }), "......");
  assert.equal(await hit({ operation: "Converse", model: "us.anthropic.*" }), "xxxxxx");
  assert.equal(await hit({ model: "anthropic.claude-sonnet-4-5-20250929-v1:0" }), "xxxxxx");
  assert.equal(await hit({ model: NOVA }), "......");
  assert.equal(await hit({ accessKeyId: "AKIASOMEBODYELSE" }), "......");
});

/** What the SDK makes of a stream: the events it saw, and the error it threw. */
async function readStream(fault: Fault, client = sdk): Promise<{ seen: string[]; error: Error | undefined }> {
  await using emulator = await start();
  emulator.setFaults([fault]);
  using runtime = client(emulator);
  const seen: string[] = [];
  try {
    const { stream } = await runtime.send(STREAM);
    for await (const event of stream ?? []) seen.push(Object.keys(event)[0] ?? "");
    return { seen, error: undefined };
  } catch (error) {
    return { seen, error: error as Error };
  }
}

for (const client of [sdk, sdk1]) {
  const over = client === sdk ? "HTTP/2" : "HTTP/1.1";

  test(`streams that end too early on a frame's boundary raise nothing in the SDK, over ${over}`, async () => {
    const cuts: [at: Extract<Fault, { kind: "cut" }>["at"], last: string | undefined][] = [
      ["start", undefined],
      ["before-message-stop", "contentBlockStop"],
      ["before-metadata", "messageStop"],
      [2, "contentBlockDelta"],
    ];
    for (const [at, last] of cuts) {
      const { seen, error } = await readStream({ kind: "cut", at }, client);
      assert.equal(error, undefined);
      assert.equal(seen.at(-1), last);
    }
  });

  test(`a frame cut through, a wrong checksum and a reset raise, over ${over}`, async () => {
    const broken: [Fault, RegExp][] = [
      [{ kind: "cut", at: "inside-frame" }, /Truncated event message received/],
      [{ kind: "damage" }, /message checksum .* did not match/],
      [{ kind: "reset", afterFrames: 3 }, /aborted|NGHTTP2_INTERNAL_ERROR/],
    ];
    for (const [fault, message] of broken)
      assert.match((await readStream(fault, client)).error?.message ?? "", message);
  });

  test(`a reset before anything came is an error of the connection, over ${over}`, async () => {
    const { seen, error } = await readStream({ kind: "reset" }, client);
    assert.deepEqual(seen, []);
    assert.match(error?.message ?? "", /ECONNRESET|NGHTTP2_INTERNAL_ERROR|socket hang up/);
  });
}

test("an exception frame is thrown as its class, first in the stream or after data", async () => {
  const first = await readStream({ kind: "exception", exception: "throttlingException" });
  assert.deepEqual([first.seen, first.error?.name], [[], "ThrottlingException"]);
  for (const [exception, name] of [
    ["internalServerException", "InternalServerException"],
    ["modelStreamErrorException", "ModelStreamErrorException"],
    ["validationException", "ValidationException"],
    ["throttlingException", "ThrottlingException"],
    ["serviceUnavailableException", "ServiceUnavailableException"],
  ] as const) {
    const { seen, error } = await readStream({ kind: "exception", exception, afterFrames: 3 });
    assert.deepEqual([seen.length, error?.name], [3, name]);
  }
});

test("exceptions outside the operation's union and error frames are sent as they are", async () => {
  const outside = await readStream({ kind: "exception", exception: "modelTimeoutException", afterFrames: 2 });
  assert.equal(outside.error?.name, "modelTimeoutException");
  assert.match(outside.error?.message ?? "", /^\{"message":"Model has timed out/);
  const error = await readStream({
    kind: "error-frame",
    code: "InternalFailure",
    message: "no",
    afterFrames: 2,
  });
  assert.deepEqual([error.error?.name, error.error?.message], ["InternalFailure", "no"]);
});

test("a throttling first in the stream is retried by the SDK, later it is not", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator, { maxAttempts: 3 });
  const throttled: Fault = { kind: "exception", exception: "throttlingException", first: 1 };
  emulator.setFaults([throttled]);
  const { stream } = await runtime.send(STREAM);
  assert.ok((await collect(stream)).at(-1)?.metadata);
  assert.equal(emulator.requests().length, 2);
  emulator.clearRequests();
  emulator.setFaults([{ ...throttled, afterFrames: 1 }]);
  const again = await runtime.send(STREAM);
  await refusalOf(collect(again.stream));
  assert.equal(emulator.requests().length, 1);
});

test("InvokeModel's stream breaks before its last events just so", async () => {
  await using emulator = await start();
  using runtime = sdk(emulator);
  const body = JSON.stringify({
    anthropic_version: "bedrock-2023-05-31",
    max_tokens: 20,
    messages: [{ role: "user", content: "Hello" }],
  });
  for (const [at, last] of [
    ["before-message-stop", "content_block_stop"],
    ["before-metadata", "message_delta"],
  ] as const) {
    emulator.setFaults([{ kind: "cut", at }]);
    const answer = await runtime.send(new InvokeModelWithResponseStreamCommand({ modelId: SONNET, body }));
    const chunks = await collect(answer.body);
    const final = JSON.parse(Buffer.from(chunks.at(-1)?.chunk?.bytes ?? []).toString()) as { type: string };
    assert.equal(final.type, last);
  }
});

test("a request that hangs is answered by nobody, and one that hangs in its stream tells what it had", async () => {
  await using emulator = await start({ script: { faults: [{ kind: "hang", first: 1 }] } });
  using runtime = sdk(emulator);
  const abort = new AbortController();
  const sent = runtime.send(HELLO, { abortSignal: abort.signal });
  while (emulator.requests().length === 0) await new Promise(setImmediate);
  abort.abort();
  assert.equal((await refusalOf(sent)).name, "AbortError");
  emulator.setFaults([{ kind: "hang", afterFrames: 2 }]);
  const { stream } = await runtime.send(STREAM);
  const seen: ConverseStreamOutput[] = [];
  for await (const event of stream ?? []) {
    seen.push(event);
    if (seen.length === 2) break;
  }
  assert.ok(seen[0]?.messageStart && seen[1]?.contentBlockDelta);
});

test("slow and pace put off, and the first other fault of the list strikes", async () => {
  await using emulator = await start({
    script: {
      latency: { firstTokenMs: 1, tokensPerSecond: 20_000, jitter: 0.5 },
      faults: [
        { kind: "slow", delayMs: 2 },
        { kind: "pace", firstTokenMs: 2, tokensPerSecond: 50_000 },
        { kind: "error", exception: "ThrottlingException", first: 1 },
        { kind: "error", exception: "ValidationException", first: 2 },
      ],
    },
  });
  using runtime = sdk(emulator);
  for (let time = 0; time < 3; time++) await runtime.send(HELLO).catch(() => {});
  assert.deepEqual(
    emulator.requests().map(({ error }) => error),
    ["ThrottlingException", "ValidationException", undefined],
  );
  const { stream } = await runtime.send(STREAM);
  assert.ok((await collect(stream)).at(-1)?.metadata);
});
