import { createHmac, hash, randomBytes } from "node:crypto";
import { systemClock } from "../src/core/clock.ts";
import { newId } from "../src/core/ids.ts";
import { scanObject } from "../src/core/json-scan.ts";
import { costOfUsage } from "../src/core/usage.ts";
import { Secrets } from "../src/providers/http/secrets.ts";
import { OpenAiStream } from "../src/providers/openai-compatible/stream.ts";
import { median } from "./support.ts";

/** The functions that every exchange passes, each beside what it replaces. Microseconds a call, median of rounds. */
const body = Buffer.from(
  JSON.stringify({
    model: "bench",
    stream: true,
    temperature: 0.2,
    messages: [
      { role: "system", content: "You answer briefly." },
      { role: "user", content: "x".repeat(440) },
    ],
  }),
);
const large = Buffer.from(
  JSON.stringify({ model: "m", messages: [{ role: "user", content: "word ".repeat(1_000_000) }] }),
);
const key = "sy-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN";
const pepper = randomBytes(32);
const price = {
  fromMs: 0,
  input: 100_000_000n,
  output: 400_000_000n,
  cacheRead: 100_000_000n,
  cacheWrite: 100_000_000n,
  reasoning: 400_000_000n,
};
const usage = {
  inputTokens: 120,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 64,
  reasoningTokens: 0,
};
const event = Buffer.from(
  'data: {"id":"c","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n',
);
const sink = { whole() {}, chunk() {}, end() {}, usage() {}, alive() {}, fail() {}, head() {}, dropped() {} };
const stream = new OpenAiStream(sink, true, new Secrets());

time("scanObject, 600 bytes", () => scanObject(body));
time("JSON.parse of the same", () => JSON.parse(body.toString()));
time("scanObject, 5 MB", () => scanObject(large), 5);
time("JSON.parse of the same", () => JSON.parse(large.toString()), 5);
time("look at an event of a stream", () => stream.push(event));
time("parse it and write it again", () =>
  Buffer.from(`data: ${JSON.stringify(JSON.parse(event.toString("utf8", 6)))}\n\n`),
);
time("a key's fingerprint (crypto.hash)", () => hash("sha256", key, "base64"));
time("its HMAC (crypto.createHmac)", () => createHmac("sha256", pepper).update(key).digest());
time("newId", () => newId(systemClock.now()));
time("cost of a usage", () => costOfUsage(usage, price));

function time(name: string, operation: () => unknown, perRound = 20_000): void {
  const rounds: number[] = [];
  let used: unknown;
  for (let round = -3; round < 11; round++) {
    globalThis.gc?.();
    const start = process.hrtime.bigint();
    for (let index = 0; index < perRound; index++) used = operation();
    if (round >= 0) rounds.push(Number(process.hrtime.bigint() - start) / perRound / 1_000);
  }
  console.log(
    JSON.stringify({
      bench: name,
      unit: "µs",
      median: Number(median(rounds).toFixed(3)),
      used: used !== null,
    }),
  );
}
