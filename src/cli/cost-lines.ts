import { configSchema } from "../config/schema.ts";
import { readYaml } from "../config/yaml.ts";
import type { AttemptInfo, ExchangeInfo } from "../control/contract.ts";
import { costOf, formatUsd, type NanodollarsPerMillion } from "../core/money.ts";

type Part = readonly [count: number, price: NanodollarsPerMillion, name: string];
/** A price as the configuration has it. */
interface Row {
  readonly from?: number | undefined;
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead?: bigint | undefined;
  readonly cacheWrite?: bigint | undefined;
  readonly cacheWrite1h?: bigint | undefined;
  readonly reasoning?: bigint | undefined;
}

/**
 * What an exchange's cost is made of: tokens times the prices of the configuration that decided it, attempt by attempt.
 *
 * @param config  that configuration's text; undefined where it is not kept
 */
export function costLines(exchange: ExchangeInfo, config: string | undefined): string[] {
  const sum = `${exchange.costUsd} USD`;
  if (exchange.status === "killed") {
    return [
      `${sum}: the process ended while it was under way, so it is charged the most that it could cost, and marked as estimated`,
    ];
  }
  const flag = exchange.flagged
    ? [`the upstream reported a usage that cannot be (${exchange.reported ?? "?"}); it does not count`]
    : [];
  const charged = exchange.attempts.filter(({ costNano }) => costNano !== null);
  if (charged.length === 0) return [`${sum}: nothing was generated`, ...flag];
  const lines = charged.map((attempt) => lineOf(attempt, exchange, config));
  const saved = BigInt(exchange.cacheSavedNano);
  if (saved !== 0n)
    flag.push(`prompt caches ${saved > 0n ? "saved" : "cost"} ${formatUsd(saved > 0n ? saved : -saved)} USD`);
  return [...lines, ...(charged.length > 1 ? [`together ${sum}`] : []), ...flag];
}

function lineOf(attempt: AttemptInfo, exchange: ExchangeInfo, config: string | undefined): string {
  const cost = `${formatUsd(BigInt(attempt.costNano ?? "0"))} USD on ${attempt.target}`;
  const source = attempt.estimated ? "tokens estimated from the text" : "tokens as reported";
  const parts = partsOf(attempt, Date.parse(exchange.startedAt), config);
  if (parts === undefined) return `${cost} (${source}; the prices of that day are not kept)`;
  const sum = parts
    .filter(([count]) => count > 0)
    .map(([count, price, name]) => `${count} ${name} × ${formatUsd(price)}`)
    .join(" + ");
  return `${cost} = (${sum === "" ? "0" : sum}) / 1,000,000 (${source})`;
}

/** Undefined where the prices are not known, or do not make the booked cost. */
function partsOf(attempt: AttemptInfo, atMs: number, config: string | undefined): Part[] | undefined {
  const { usage, costNano } = attempt;
  const price = config === undefined ? undefined : priceOf(config, attempt.target, atMs);
  if (usage === null || price === undefined) return undefined;
  const cached = Math.min(usage.cachedInputTokens, usage.inputTokens);
  const written = Math.min(usage.cacheWriteInputTokens, usage.inputTokens - cached);
  const long = Math.min(usage.cacheWrite1hInputTokens ?? 0, written);
  const reasoning = Math.min(usage.reasoningTokens, usage.outputTokens);
  const parts: Part[] = [
    [usage.inputTokens - cached - written, price.input, "input"],
    [cached, price.cacheRead ?? price.input, "cached input"],
    [written - long, price.cacheWrite ?? price.input, "cache write"],
    [long, price.cacheWrite1h ?? price.cacheWrite ?? price.input, "cache write (1 h)"],
    [usage.outputTokens - reasoning, price.output, "output"],
    [reasoning, price.reasoning ?? price.output, "reasoning"],
  ];
  return costOf(parts.map(([count, each]) => [count, each] as const)).toString() === costNano
    ? parts
    : undefined;
}

function priceOf(text: string, target: string, atMs: number): Row | undefined {
  const yaml = readYaml(text);
  // Its secrets may be gone by now, so only its form is checked.
  const parsed = yaml.ok ? configSchema.safeParse(yaml.raw) : undefined;
  const price = parsed?.data?.targets[target]?.price;
  if (!Array.isArray(price)) return price;
  return (price as Row[]).findLast((row) => (row.from ?? 0) <= atMs);
}
