import assert from "node:assert/strict";
import test from "node:test";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { Engine } from "../support/engine.ts";
import { startGateway } from "../support/gateway.ts";
import { NO_RECORDINGS, recordings, type Recording } from "./recordings.ts";

/** What goes upstream otherwise than it came, by design: for Responses, which the gateway keeps itself. */
const EDITED = new Set(["store", "include", "stream_options"]);

test(
  "every recorded exchange of OpenAI's is served as it was recorded, or refused because it has no price",
  { skip: NO_RECORDINGS },
  async () => {
    const all = await recordings();
    assert.ok(all.length > 20, `${all.length} recordings`);
    let current: Recording | undefined;
    await using engine = await Engine.start((_request, response) => {
      response.writeHead(current?.status ?? 500, { "content-type": current?.replyType });
      response.end(current?.reply);
    });
    const models = [...new Set(all.map(modelOf).filter((model) => model !== undefined))];
    const lines = models.map(
      (model, index) =>
        `  t${index}: { provider: eng, model: "${model}", tier: premium, price: { input: 3, output: 15, cacheRead: 1 } }`,
    );
    await using gateway = await startGateway(
      `providers: { eng: { kind: openai-compatible, vendor: openai, baseUrl: "${engine.url}" } }\ntargets:\n${lines.join("\n")}\n`,
    );
    const send = (recording: Recording): Promise<Response> =>
      fetch(gateway.url + recording.path, {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.key}`, "content-type": recording.contentType },
        body: recording.request,
      });
    for (const recording of all) {
      current = recording;
      const before = engine.seen.length;
      const reply = await send(recording);
      const bytes = Buffer.from(await reply.arrayBuffer());
      if (recording.path.startsWith("/v1/audio/")) {
        assert.equal(reply.status, 403, recording.name);
        assert.match(bytes.toString(), /"code":"unpriced"/, recording.name);
        assert.equal(engine.seen.length, before, recording.name);
        continue;
      }
      if (engine.seen.length === before) {
        assert.equal(
          Math.floor(recording.status / 100),
          4,
          `${recording.name} was not sent: ${bytes.toString()}`,
        );
        assert.equal(reply.status, 400, recording.name);
        continue;
      }
      assert.equal(reply.status, recording.status, `${recording.name}: ${bytes.toString().slice(0, 300)}`);
      sameReply(recording, bytes);
      sameRequest(recording, engine.lastBody);
      const record = await gateway.record(reply.headers.get("x-switchyard-exchange") ?? "");
      sameUsage(recording, record);
    }
    assert.deepEqual(gateway.bugs, []);
  },
);

function modelOf({ request, contentType }: Recording): string | undefined {
  return contentType.startsWith("application/json")
    ? (JSON.parse(request.toString()) as { model?: string }).model
    : undefined;
}

/** A usage frame that the client did not ask for is asked for and taken out again: the recordings have none then. */
function sameReply({ reply, name }: Recording, bytes: Buffer): void {
  assert.equal(bytes.toString(), reply.toString(), name);
}

function sameRequest({ request, name }: Recording, sent: string): void {
  const was = JSON.parse(request.toString()) as Record<string, unknown>;
  const went = JSON.parse(sent) as Record<string, unknown>;
  for (const key of EDITED) {
    delete was[key];
    delete went[key];
  }
  assert.deepEqual(went, was, name);
}

function sameUsage(recording: Recording, record: ExchangeRecord): void {
  const { status, name } = recording;
  assert.equal(record.status, status === 200 ? "answered" : "failed", name);
  if (status !== 200) return;
  const reported = usageOf(recording);
  if (reported === undefined) return assert.equal(record.estimated, true, name);
  // Sound has no price of its own.
  const isSound = /"audio_tokens":\s*[1-9]/.test(JSON.stringify(reported));
  assert.equal(record.estimated, isSound, name);
  const input = reported["prompt_tokens"] ?? reported["input_tokens"];
  const output = reported["completion_tokens"] ?? reported["output_tokens"] ?? 0;
  assert.equal(record.usage?.inputTokens, input, name);
  assert.equal(record.usage?.outputTokens, output, name);
  const cached = record.usage?.cachedInputTokens ?? 0;
  const written = record.usage?.cacheWriteInputTokens ?? 0;
  // A write costs what input costs, where no price says otherwise.
  const nano =
    BigInt(Number(input) - cached) * 3_000n + BigInt(cached) * 1_000n + BigInt(Number(output)) * 15_000n;
  assert.equal(record.costNano, nano, `${name}, ${written} written`);
}

/** The last usage that a reply tells. */
function usageOf({ reply, replyType }: Recording): Record<string, unknown> | undefined {
  const events = replyType.startsWith("text/event-stream")
    ? [...reply.toString().matchAll(/^data: (\{.*)$/gm)].map(([, json = ""]) => JSON.parse(json) as object)
    : [JSON.parse(reply.toString()) as object];
  const usages = events.map((event) => {
    const { usage, response } = event as { usage?: object; response?: { usage?: object } };
    return usage ?? response?.usage;
  });
  return usages.findLast((usage) => usage !== undefined && usage !== null) as
    | Record<string, unknown>
    | undefined;
}

test(
  "a reply that the engine breaks off in the middle of a recording is never a whole one",
  { skip: NO_RECORDINGS },
  async () => {
    const streams = (await recordings()).filter(({ replyType }) => replyType.startsWith("text/event-stream"));
    assert.ok(streams.length >= 3);
    let cut: Buffer = Buffer.alloc(0);
    await using engine = await Engine.start((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(cut);
    });
    await using gateway = await startGateway(
      `providers: { eng: { kind: openai-compatible, vendor: openai, baseUrl: "${engine.url}" } }\ntargets:\n  t: { provider: eng, model: m, tier: premium, price: { input: 3, output: 15 } }\n`,
    );
    for (const { name, path, request, reply } of streams) {
      // Some write an event's name behind its data.
      const last = reply.lastIndexOf("data:");
      for (const end of [0, 1, Math.floor(last / 3), Math.floor(last / 2), last - 2, last]) {
        cut = reply.subarray(0, end);
        const body = JSON.stringify({ ...(JSON.parse(request.toString()) as object), model: "t" });
        const answer = await fetch(gateway.url + path, {
          method: "POST",
          headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
          body,
        });
        const text = await answer.text();
        assert.match(text, /"error"/, `${name} cut at ${end}`);
        assert.doesNotMatch(text, /\[DONE\]|"type":"response\.completed"/, `${name} cut at ${end}`);
      }
    }
    assert.ok(gateway.records.every(({ status }) => status === "failed"));
    assert.deepEqual(gateway.bugs, []);
  },
);
