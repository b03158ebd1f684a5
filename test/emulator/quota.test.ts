import assert from "node:assert/strict";
import test from "node:test";
import { ConverseCommand } from "@aws-sdk/client-bedrock-runtime";
import type { RunningEmulator, Script } from "../../src/emulator/index.ts";
import { asking, NOVA, refusalOf, sdk, SONNET, start } from "./support.ts";

interface Quota {
  readonly emulator: RunningEmulator;
  /** Sends a request; undefined where it was let through. */
  readonly ask: (maxTokens?: number, modelId?: string) => Promise<string | undefined>;
  readonly pass: (ms: number) => void;
}

async function withQuota(quotas: Script["quotas"], use: (quota: Quota) => Promise<void>): Promise<void> {
  let now = Date.now();
  await using emulator = await start({
    open: true,
    clock: { now: () => now, monotonic: () => performance.now() },
    script: { quotas },
  });
  using runtime = sdk(emulator);
  const ask: Quota["ask"] = async (maxTokens, modelId = SONNET) => {
    const inferenceConfig = maxTokens === undefined ? {} : { maxTokens };
    const sent = runtime.send(new ConverseCommand(asking("Hello", { modelId, inferenceConfig })));
    const refused = await sent.then(
      () => undefined,
      (error: Error) => error,
    );
    if (refused === undefined) return undefined;
    assert.equal(refused.name, "ThrottlingException");
    return refused.message;
  };
  await use({ emulator, ask, pass: (ms) => void (now += ms) });
}

test("requests per minute fill up again evenly", () =>
  withQuota([{ model: SONNET, requestsPerMinute: 2 }], async ({ ask, pass }) => {
    assert.deepEqual([await ask(10), await ask(10)], [undefined, undefined]);
    assert.equal(await ask(10), "Too many requests, please wait before trying again.");
    assert.equal(await ask(10, NOVA), undefined, "another model has a quota of its own");
    pass(30_000);
    assert.equal(await ask(10), undefined);
    assert.match((await ask(10)) ?? "", /Too many requests/);
  }));

test("a request without maxTokens reserves the most the model has", () =>
  withQuota([{ model: "anthropic.*", tokensPerMinute: 60_000 }], async ({ ask }) => {
    assert.equal(await ask(), "Too many tokens, please wait before trying again.");
    assert.equal(await ask(1_000), undefined);
  }));

test("what was reserved and not used is given back, and output counts five times for Claude", () =>
  withQuota([{ model: "*", tokensPerMinute: 1_000 }], async ({ ask, pass }) => {
    // Ten output tokens each: 50 of Claude's quota, 10 of Nova's.
    const count = async (model: string): Promise<number> => {
      let passed = 0;
      while ((await ask(10, model)) === undefined) passed++;
      pass(60_000);
      return passed;
    };
    const [claude, nova] = [await count(SONNET), await count(NOVA)];
    assert.ok(nova > 3 * claude, `${nova} and ${claude}`);
  }));

test("tokens per day are told apart from tokens per minute", () =>
  withQuota([{ model: "*", tokensPerDay: 100 }], async ({ ask, pass }) => {
    assert.equal(await ask(200), "Too many tokens per day, please wait before trying again.");
    pass(60_000);
    assert.match((await ask(200)) ?? "", /per day/);
  }));

test("cross-Region and global throughput have quotas of their own", () =>
  withQuota([{ model: "*", requestsPerMinute: 1 }], async ({ ask }) => {
    const global = SONNET.replace("us.", "global.");
    assert.deepEqual([await ask(1), await ask(1, global)], [undefined, undefined]);
    assert.match((await ask(1)) ?? "", /Too many requests/);
  }));

test("accounts have quotas of their own", async () => {
  await using emulator = await start({ script: { quotas: [{ model: "*", requestsPerMinute: 1 }] } });
  const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
  const credentials = fromTemporaryCredentials({
    masterCredentials: { accessKeyId: "AKIAEXAMPLEEXAMPLE00", secretAccessKey: "example/secret+key" },
    params: { RoleArn: "arn:aws:iam::210987654321:role/r", RoleSessionName: "name" },
    clientConfig: { region: "us-east-1", endpoint: emulator.url },
  });
  using mine = sdk(emulator);
  using theirs = sdk(emulator, { credentials });
  const hello = new ConverseCommand(asking("Hello"));
  await mine.send(hello);
  await theirs.send(hello);
  const error = await refusalOf(mine.send(hello));
  assert.equal(error.$metadata?.httpStatusCode, 429);
});
