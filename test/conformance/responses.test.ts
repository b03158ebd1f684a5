import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { scanObject } from "../../src/core/json-scan.ts";
import type { WireRequest } from "../../src/core/wire.ts";
import { until } from "../support/gateway.ts";
import { Hearing } from "./hearing.ts";
import { responsesSubjects } from "./openai-responses.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

for (const subject of responsesSubjects) describe(subject.name ?? subject.kind, () => cases(subject));

/** The kit's rules where requests and replies are those of Responses. */
function cases(subject: Subject): void {
  const rule = (name: string, scenario: Scenario, check: (opened: Opened) => Promise<void>): void =>
    void test(name, async () => {
      const opened = await subject.open(scenario);
      assert.ok(opened !== undefined);
      try {
        await check(opened);
      } finally {
        await opened[Symbol.asyncDispose]();
      }
    });

  rule("a plain response comes whole, after its usage", "answer", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.deepEqual(heard.order, ["usage", "whole"]);
    assert.deepEqual(heard.reported, {
      inputTokens: 12,
      cachedInputTokens: 4,
      cacheWriteInputTokens: 0,
      outputTokens: 5,
      reasoningTokens: 2,
    });
  });

  rule("a stream ends with the event that says so, and nothing follows it", "answer", async (opened) => {
    const heard = await over(send(opened, { stream: true }));
    assert.equal(heard.order.at(-1), "end");
    assert.equal(heard.ends, 1);
    assert.match(heard.last?.toString() ?? "", /^event: response\.completed\n/);
    for (const bytes of heard.chunks) assert.match(bytes.toString(), /\n\n$/);
    assert.match(heard.text, /^event: response\.created\n/);
    assert.doesNotMatch(heard.text, /\[DONE\]/);
    assert.equal(heard.reported?.outputTokens, 5);
  });

  rule("a reply that breaks off fails; it never ends", "cut", async (opened) => {
    const heard = await over(send(opened, { stream: true }));
    assert.equal(heard.order.at(-1), "fail");
    assert.equal(heard.ends, 1);
    assert.ok(heard.chunks.length > 0);
    assert.equal(heard.failure?.kind, "cut");
  });

  rule("a throttle is told as one, with the time to wait", "throttle", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.equal(heard.failure?.kind, "throttled");
    assert.equal(heard.failure?.retryAfterSeconds, 7);
  });

  rule("a refusal of the request comes with the upstream's reply", "reject", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.equal(heard.failure?.kind, "rejected");
    assert.match(heard.failure?.reply?.body.toString() ?? "", /no such tool/);
  });

  rule("a refusal of our credentials tells nobody what they are", "deny", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.equal(heard.failure?.kind, "credentials");
    assert.ok(!JSON.stringify(heard.failure).includes(opened.secret));
  });

  rule("an upstream that is not there is a failed connection", "away", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.equal(heard.failure?.kind, "connect");
  });

  rule("after a cancel nothing more is heard, and the upstream notices", "hang", async (opened) => {
    const heard = send(opened, { stream: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    heard.handle?.cancel();
    await until(() => opened.noticedCancel?.() === true, "the upstream's notice");
    assert.deepEqual(heard.order, []);
  });
}

async function over(heard: Hearing): Promise<Hearing> {
  await heard.over;
  return heard;
}

function send({ provider, model }: Opened, body: object): Hearing {
  const hearing = new Hearing();
  const request = requestOf({ model: "alias", input: "Say something.", ...body });
  assert.equal(provider.serves(request, model), "pass");
  const call = {
    model,
    outputCap: undefined,
    connectTimeoutMs: 1_000,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
  };
  hearing.handle = provider.send({ ...call, request }, hearing);
  return hearing;
}

function requestOf(body: { model: string; input: string; stream?: boolean }): WireRequest {
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    dialect: "responses",
    operation: "chat",
    bytes,
    members: scanObject(bytes),
    inside: 1,
    model: body.model,
    stream: body.stream === true,
    includeUsage: true,
    maxOutputTokens: undefined,
    choices: 1,
    store: true,
    wordEdits: new Map(),
    headers: {},
  };
}
