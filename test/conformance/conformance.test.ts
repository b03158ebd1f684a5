import assert from "node:assert/strict";
import test, { describe } from "node:test";
import { PROVIDER_KINDS } from "../../src/providers/registry.ts";
import { until } from "../support/gateway.ts";
import { send, type Hearing } from "./hearing.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";
import { SUBJECTS } from "./subjects.ts";

test("every adapter of the registry is a subject of this kit", () => {
  const kinds = new Set(SUBJECTS.map(({ kind }) => kind));
  assert.deepEqual([...kinds].toSorted(), [...PROVIDER_KINDS].toSorted());
});

for (const subject of SUBJECTS) describe(subject.name ?? subject.kind, () => cases(subject));

function cases(subject: Subject): void {
  const rule = (name: string, scenario: Scenario, check: (opened: Opened) => Promise<void>): void =>
    void test(name, async (context) => {
      const opened = await subject.open(scenario);
      if (opened === undefined) return context.skip(`cannot happen with ${subject.kind}`);
      try {
        await check(opened);
      } finally {
        await opened[Symbol.asyncDispose]();
      }
    });

  rule("a plain reply comes whole, after its usage, and ends the attempt", "answer", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.deepEqual(heard.order, ["usage", "whole"]);
    assert.equal(heard.reply?.status, 200);
    assert.match(heard.reply?.contentType ?? "", /^application\/json/);
    const body = JSON.parse(heard.reply?.body.toString() ?? "") as {
      usage: { prompt_tokens: number; completion_tokens: number };
    };
    assert.equal(heard.reported?.inputTokens, body.usage.prompt_tokens);
    assert.equal(heard.reported?.outputTokens, body.usage.completion_tokens);
  });

  rule("a stream is whole events, then one end with the end marker", "answer", async (opened) => {
    const heard = await over(send(opened, { stream: true }));
    assert.equal(heard.order.at(-1), "end");
    assert.equal(heard.ends, 1);
    for (const bytes of heard.chunks) assert.match(bytes.toString(), /\n\n$/);
    assert.equal(heard.last?.toString(), "data: [DONE]\n\n");
    assert.ok(events(heard).length > 3);
  });

  rule("the usage frame is told to us, and to the client only if it asked", "answer", async (opened) => {
    const quiet = await over(send(opened, { stream: true }));
    assert.ok(quiet.reported !== undefined && quiet.reported.outputTokens > 0);
    assert.ok(events(quiet).every((event) => event["usage"] === undefined || event["usage"] === null));
    const asked = await over(send(opened, { stream: true, stream_options: { include_usage: true } }));
    assert.deepEqual(asked.reported, quiet.reported);
    assert.ok(events(asked).some((event) => typeof event["usage"] === "object" && event["usage"] !== null));
  });

  rule("a throttle is told as one, with the time to wait where it is known", "throttle", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.deepEqual(heard.order, ["fail"]);
    assert.equal(heard.failure?.kind, "throttled");
    assert.ok((heard.failure?.retryAfterSeconds ?? 0) > 0);
  });

  rule("the upstream's own failure is told with its status", "fail", async (opened) => {
    const heard = await over(send(opened, { stream: true }));
    assert.deepEqual(heard.order, ["fail"]);
    assert.equal(heard.failure?.kind, "status");
    assert.equal(heard.failure?.status, 500);
  });

  rule("a refusal of the request comes with the upstream's reply", "reject", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.equal(heard.failure?.kind, "rejected");
    assert.equal(heard.failure?.status, 400);
    // Of another dialect the bytes would tell the client nothing: its words go on.
    const isTold = (heard.failure?.reply?.body.length ?? 0) > 0 || heard.failure?.said !== undefined;
    assert.ok(isTold);
  });

  rule("a refusal of our credentials tells nobody what they are", "deny", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.equal(heard.failure?.kind, "credentials");
    assert.equal(heard.failure?.reply, undefined);
    assert.ok(!JSON.stringify(heard.failure).includes(opened.secret));
  });

  rule("a reply that breaks off fails; it never ends", "cut", async (opened) => {
    const heard = await over(send(opened, { stream: true }));
    assert.equal(heard.order.at(-1), "fail");
    assert.equal(heard.ends, 1);
    assert.ok(heard.chunks.length > 0);
    assert.equal(heard.failure?.kind, "cut");
    assert.ok(!heard.text.includes("[DONE]"));
  });

  rule("an upstream that is not there is a failed connection", "away", async (opened) => {
    const heard = await over(send(opened, {}));
    assert.deepEqual(heard.order, ["fail"]);
    assert.equal(heard.failure?.kind, "connect");
  });

  rule("after a cancel nothing more is heard, and the upstream notices", "hang", async (opened) => {
    const heard = send(opened, { stream: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    heard.handle?.cancel();
    if (opened.noticedCancel !== undefined) await until(opened.noticedCancel, "the upstream's notice");
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(heard.order, []);
  });

  rule("a cancel in mid-stream is the last that is heard", "answer", async (opened) => {
    const heard = send(opened, { stream: true });
    await until(() => heard.chunks.length > 0, "the first chunk");
    heard.handle?.cancel();
    const count = heard.order.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(heard.order.length, count);
  });

  rule("what was paused goes on where it stopped", "answer", async (opened) => {
    const straight = await over(send(opened, { stream: true }));
    const heard = send(opened, { stream: true });
    heard.handle?.pause();
    await new Promise((resolve) => setTimeout(resolve, 50));
    heard.handle?.resume();
    await over(heard);
    assert.deepEqual(words(heard), words(straight));
  });

  rule("attempts side by side do not mix", "answer", async (opened) => {
    const all = await Promise.all(Array.from({ length: 8 }, () => over(send(opened, { stream: true }))));
    for (const heard of all) assert.deepEqual(words(heard), words(all[0] as Hearing));
  });
}

async function over(heard: Hearing): Promise<Hearing> {
  await heard.over;
  return heard;
}

function events(heard: Hearing): Record<string, unknown>[] {
  return heard.text
    .split("\n\n")
    .filter((event) => event !== "" && event !== "data: [DONE]")
    .map((event) => JSON.parse(event.replace(/^data: ?/, "")) as Record<string, unknown>);
}

function words(heard: Hearing): unknown[] {
  return events(heard).map((event) => (event["choices"] as { delta?: unknown }[])[0]?.delta);
}
