import { hash } from "node:crypto";
import type { AnswerUsage } from "./answer.ts";
import { inputTokensOf, type Segment } from "./prompt.ts";

const TTL_MS = { "5m": 5 * 60_000, "1h": 60 * 60_000 } as const;
/** Prefixes kept for an account and model; the oldest go first. */
const MOST_ENTRIES = 1_000;

interface Entry {
  readonly tokens: number;
  readonly ttl: "5m" | "1h";
  expiresAtMs: number;
}

type CacheUsage = Omit<AnswerUsage, "output">;

/**
 * The service's prompt cache. A cache point asks for everything before it to be kept; what a later request has in
 * common with something kept, up to the end of a block, is read. Reading starts its time anew.
 */
export class PromptCache {
  readonly #kept = new Map<string, Map<string, Entry>>();

  /**
   * @param owner          account and model: nothing is shared between two of them
   * @param minimumTokens  shorter prefixes are not kept, without a word
   */
  use(owner: string, segments: readonly Segment[], minimumTokens: number, nowMs: number): CacheUsage {
    const total = inputTokensOf(segments);
    const lastPoint = segments.findLastIndex(({ cachePoint }) => cachePoint !== undefined);
    if (lastPoint === -1) return { ...nothing(total), tellsCache: false };
    const entries = this.#of(owner);
    const prefixes = prefixesOf(segments.slice(0, lastPoint + 1));
    const hit = prefixes.findLast(({ key }) => (entries.get(key)?.expiresAtMs ?? 0) > nowMs);
    const found = hit === undefined ? undefined : entries.get(hit.key);
    if (found !== undefined) found.expiresAtMs = nowMs + TTL_MS[found.ttl];
    const read = hit?.tokens ?? 0;
    const byTtl = { "1h": 0, "5m": 0 };
    let before = read;
    for (const { key, tokens, ttl } of prefixes) {
      if (ttl === undefined || tokens <= before || tokens < minimumTokens) continue;
      entries.set(key, { tokens, ttl, expiresAtMs: nowMs + TTL_MS[ttl] });
      byTtl[ttl] += tokens - before;
      before = tokens;
    }
    for (const key of entries.keys()) {
      if (entries.size <= MOST_ENTRIES) break;
      entries.delete(key);
    }
    return {
      input: total - before,
      cacheRead: read,
      cacheWrite: before - read,
      written: (["1h", "5m"] as const)
        .filter((ttl) => byTtl[ttl] > 0)
        .map((ttl) => ({ ttl, tokens: byTtl[ttl] })),
      tellsCache: true,
    };
  }

  #of(owner: string): Map<string, Entry> {
    const known = this.#kept.get(owner);
    if (known !== undefined) return known;
    const made = new Map<string, Entry>();
    this.#kept.set(owner, made);
    return made;
  }
}

interface Prefix {
  readonly key: string;
  readonly tokens: number;
  readonly ttl: "5m" | "1h" | undefined;
}

/** Every prefix that ends with a block, each hash made from the one before. */
function prefixesOf(segments: readonly Segment[]): Prefix[] {
  let key = "";
  let tokens = 0;
  return segments.map((segment) => {
    key = hash("sha256", `${key}\n${segment.identity}`);
    tokens += segment.tokens;
    return { key, tokens, ttl: segment.cachePoint?.ttl };
  });
}

function nothing(total: number): Omit<CacheUsage, "tellsCache"> {
  return { input: total, cacheRead: 0, cacheWrite: 0, written: [] };
}
