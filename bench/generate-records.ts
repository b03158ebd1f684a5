import { newId } from "../src/core/ids.ts";
import { decisionText, recordLine } from "../src/telemetry/record-line.ts";
import type { ExchangeRecord } from "../src/telemetry/record.ts";

/** Numbers in [0, 1) that are the same for the same seed. https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (mulberry32) */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Generated {
  readonly record: ExchangeRecord;
  readonly decision: string;
}

const TENANTS = 40;
const FEATURES = 8;
const TARGETS = ["sonnet", "qwen", "nova", "batch"];
const STATUSES = ["answered", "answered", "answered", "answered", "answered", "failed", "abandoned"] as const;

/** Keys are a tenant's own, two each. */
const KEYS = Array.from({ length: TENANTS * 2 }, (_, index) => newId(1_700_000_000_000 + index));

/** A day of a company: few tenants make most of the traffic, each uses some features, users are many. */
export function generator(seed: number, fromMs: number, toMs: number): () => Generated {
  const random = seeded(seed);
  const pick = (count: number): number => Math.floor(random() ** 2 * count);
  return () => {
    const tenant = pick(TENANTS);
    const startedAtMs = Math.floor(fromMs + random() * (toMs - fromMs));
    const target = TARGETS[pick(TARGETS.length)] ?? "qwen";
    const status = STATUSES[Math.floor(random() * STATUSES.length)] ?? "answered";
    const feature = (tenant + pick(FEATURES)) % FEATURES;
    const usage = {
      inputTokens: Math.floor(random() * 4_000),
      cachedInputTokens: Math.floor(random() * 200),
      cacheWriteInputTokens: 0,
      outputTokens: Math.floor(random() * 900),
      reasoningTokens: 0,
    };
    const id = newId(startedAtMs);
    const decision = {
      id,
      asked: `task.${feature}`,
      as: "task",
      task: `task.${feature}`,
      objective: "order",
      candidates: [
        { target, tier: "dedicated", place: 1, reason: "first allowed target of the task" },
        { target: "sonnet", tier: "premium", place: 2, reason: "fallback, in the task's order" },
      ],
      configHash: HASH,
    };
    const costNano = BigInt(usage.inputTokens) * 100n + BigInt(usage.outputTokens) * 400n;
    const record: ExchangeRecord = {
      id,
      startedAtMs,
      endedAtMs: startedAtMs + 200 + Math.floor(random() * 6_000),
      status,
      code: status === "failed" ? "upstream_error" : undefined,
      message: status === "failed" ? "the target failed: the upstream answered 500" : undefined,
      dialect: "openai",
      operation: "chat",
      stream: random() < 0.7,
      tenant: `tenant-${tenant}`,
      context: {
        tenant: `tenant-${tenant}`,
        user: `user-${Math.floor(random() * 200_000)}`,
        app: `app-${tenant % 5}`,
        feature: `feature-${feature}`,
        workflow: undefined,
        journey: random() < 0.3 ? `journey-${Math.floor(random() * 100_000)}` : undefined,
        task: `task.${feature}`,
        latency: "interactive",
        sensitivity: "internal",
        budget: undefined,
        prompt: undefined,
      },
      tags: {},
      keyId: KEYS[tenant * 2 + Math.floor(random() * 2)],
      target,
      provider: "local",
      model: `model-${target}`,
      attempts: [
        {
          target,
          startedAtMs: startedAtMs + 1,
          status: status === "answered" ? "answered" : status,
          cause: undefined,
          firstTokenMs: 180,
          usage,
          costNano,
          estimated: false,
        },
      ],
      firstTokenMs: 181,
      overheadMs: 0.2,
      usage,
      costNano,
      cacheSavedNano: 0n,
      estimated: false,
      flagged: undefined,
      ceilingNano: costNano * 4n,
      configHash: HASH,
      decision,
    };
    return { record, decision: decisionText(decision) };
  };
}

const HASH = "ab".repeat(32);

export function lineOf({ record, decision }: Generated): string {
  return recordLine(record, decision);
}
