import type { Sensitivity, LatencyClass } from "../core/context.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import type { Rule } from "../policy/rules.ts";
import type { Provider } from "../providers/provider.ts";
import { NameIndex } from "../routing/names.ts";
import type { RouteTarget, RouteTask } from "../routing/target.ts";
import type { Price } from "../core/usage.ts";

/** A target with all that an attempt on it needs. */
export interface GatewayTarget extends RouteTarget {
  readonly adapter: Provider;
  readonly maxOutputTokens: number | undefined;
  readonly timeouts: TargetConfig["timeouts"];
  readonly onAbort: TargetConfig["onAbort"];
  /** Whether parameters that it cannot express are left out and told, instead of refused. */
  readonly mayDrop: boolean;
  /** Whether prompts are marked for the provider's cache where the client marks nothing. */
  readonly autoCache: boolean;
}

export interface GatewayTenant {
  readonly tasks: readonly string[];
  readonly sensitivity: Sensitivity;
}

/**
 * One configuration, ready to serve. Frozen: a reload makes another and swaps the reference, and exchanges under way
 * keep the one they began with.
 */
export interface Snapshot {
  readonly config: Config;
  /** SHA-256 of the configuration's text, hexadecimal. */
  readonly hash: string;
  readonly loadedAtMs: number;
  readonly providers: ReadonlyMap<string, Provider>;
  readonly targets: ReadonlyMap<string, GatewayTarget>;
  readonly names: NameIndex;
  readonly tenants: ReadonlyMap<string, GatewayTenant>;
  readonly taskLatency: ReadonlyMap<string, LatencyClass>;
  readonly rules: readonly Rule[];
}

/**
 * @param providers  an adapter for every provider of the configuration
 * @throws Error where a target names a provider that is not among them; the configuration's check excludes it
 */
export function createSnapshot(
  config: Config,
  hash: string,
  loadedAtMs: number,
  providers: ReadonlyMap<string, Provider>,
): Snapshot {
  const targets = new Map(
    Object.entries(config.targets).map(([id, target]) => [id, gatewayTarget(id, target, providers)] as const),
  );
  const tasks = Object.entries(config.tasks).map(([id, task]): RouteTask => ({
    id,
    targets: task.targets,
    owner: task.owner,
    durability: task.durability,
  }));
  const aliases = Object.entries(config.targets).flatMap(([id, target]) =>
    target.aliases.map((alias) => [alias, id] as const),
  );
  const latencies = Object.entries(config.tasks).flatMap(([id, task]) =>
    task.latency === undefined ? [] : [[id, task.latency] as const],
  );
  return Object.freeze({
    config,
    hash,
    loadedAtMs,
    providers,
    targets,
    names: new NameIndex(tasks, [...targets.values()], aliases),
    tenants: new Map(Object.entries(config.tenants)),
    taskLatency: new Map(latencies),
    rules: config.policy,
  });
}

function gatewayTarget(
  id: string,
  target: TargetConfig,
  providers: ReadonlyMap<string, Provider>,
): GatewayTarget {
  const provider = target.provider ?? "";
  const adapter = providers.get(provider);
  if (adapter === undefined) throw new Error(`target "${id}" has no provider "${provider}"`);
  return Object.freeze({
    id,
    provider,
    adapter,
    model: target.model,
    tier: target.tier,
    dataClasses: target.dataClasses,
    prices: pricesOf(target.price),
    maxOutputTokens: target.maxOutputTokens,
    timeouts: target.timeouts,
    onAbort: target.onAbort,
    mayDrop: target.unsupported === "drop",
    autoCache: target.promptCache === "auto",
  });
}

function pricesOf(price: TargetConfig["price"]): Price[] {
  if (price === undefined) return [];
  const rows = Array.isArray(price) ? price : [{ from: Number.NEGATIVE_INFINITY, ...price }];
  return rows.map((row) => ({
    fromMs: row.from,
    input: row.input,
    output: row.output,
    cacheRead: row.cacheRead ?? row.input,
    cacheWrite: row.cacheWrite ?? row.input,
    cacheWrite1h: row.cacheWrite1h,
    reasoning: row.reasoning ?? row.output,
  }));
}
