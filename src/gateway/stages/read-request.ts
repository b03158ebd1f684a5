import {
  CONTEXT_WORDS,
  isContextWord,
  moreSensitive,
  wordFault,
  type Context,
  type ContextWord,
  type LatencyClass,
  type Sensitivity,
} from "../../core/context.ts";
import { AppError } from "../../core/errors.ts";
import type { KeyRecord } from "../../policy/key.ts";
import type { Exchange } from "../exchange.ts";
import type { GatewayTenant } from "../snapshot.ts";

type Words = { [word in ContextWord]?: string };

const HEADER = "x-switchyard-";

/**
 * Reads the body's envelope and settles what the request says about itself: header over metadata over the key's
 * defaults; what the key pins stays; sensitivity only rises above the tenant's and the key's.
 */
export function readRequest(exchange: Exchange): void {
  const key = exchange.key;
  if (key === undefined) throw new AppError("unauthenticated", "the request carries no key");
  const parsed = exchange.dialect.parse({
    operation: exchange.operation,
    address: exchange.address,
    bytes: exchange.body,
    headers: exchange.headers,
    metadataWords: key.rights.metadataWords,
  });
  exchange.request = parsed.request;
  exchange.tags = parsed.tags;
  const { words: fromHeaders, tenant: asked } = headerWords(exchange);
  const sent: Words = { ...parsed.words, ...fromHeaders };
  const faults = Object.entries(sent).flatMap(([word, value]) => wordFault(word as ContextWord, value) ?? []);
  if (faults.length > 0) throw new AppError("context_invalid", faults.join("; "));

  const tenantId = actingTenant(key, asked);
  const tenant = exchange.snapshot.tenants.get(tenantId);
  if (tenant === undefined) {
    throw new AppError(
      "forbidden",
      `the tenant "${tenantId}" is not in the configuration; add it under tenants`,
    );
  }
  const context = contextOf(exchange, key, tenantId, tenant, sent);
  exchange.context = context.user === undefined ? { ...context, user: parsed.user } : context;
}

function headerWords(exchange: Exchange): { words: Words; tenant: string | undefined } {
  const words: Words = {};
  let tenant: string | undefined;
  const { headers } = exchange;
  for (const name in headers) {
    if (!name.startsWith(HEADER)) continue;
    const word = name.slice(HEADER.length);
    const value = headers[name];
    if (typeof value !== "string") continue;
    if (word === "tenant") tenant = value;
    else if (isContextWord(word)) words[word] = value;
    else {
      throw new AppError(
        "context_invalid",
        `the header ${name} is no word of the context; there are: tenant, ${CONTEXT_WORDS.join(", ")}`,
      );
    }
  }
  return { words, tenant };
}

/** @throws AppError forbidden */
export function actingTenant(key: KeyRecord, asked: string | undefined): string {
  if (asked === undefined || asked === key.tenant) return key.tenant;
  if (key.rights.actFor.includes(asked) || key.rights.actFor.includes("*")) return asked;
  throw new AppError(
    "forbidden",
    `this key belongs to the tenant "${key.tenant}" and may not act for "${asked}"`,
  );
}

function contextOf(
  exchange: Exchange,
  key: KeyRecord,
  tenantId: string,
  tenant: GatewayTenant,
  sent: Words,
): Context {
  const { pinned, defaults } = key.rights;
  for (const [word, value] of Object.entries(pinned)) {
    const wanted = sent[word as ContextWord];
    if (wanted !== undefined && wanted !== value) {
      throw new AppError(
        "forbidden",
        `this key pins ${word} to "${value}"; leave ${word} out or send that value`,
      );
    }
  }
  const of = (word: ContextWord): string | undefined => pinned[word] ?? sent[word] ?? defaults[word];
  const task = of("task");
  return {
    tenant: tenantId,
    user: of("user"),
    app: of("app"),
    feature: of("feature"),
    workflow: of("workflow"),
    journey: of("journey"),
    task,
    latency: latencyOf(exchange, of("latency"), task),
    sensitivity: sensitivityOf(sent, pinned.sensitivity ?? defaults.sensitivity, tenant),
    budget: of("budget"),
    prompt: of("prompt"),
  };
}

function latencyOf(exchange: Exchange, said: string | undefined, task: string | undefined): LatencyClass {
  const { taskLatency } = exchange.snapshot;
  const named = task ?? exchange.request?.model;
  return (
    (said as LatencyClass | undefined) ??
    (named === undefined ? undefined : taskLatency.get(named)) ??
    "standard"
  );
}

/** The floor is the more secret of tenant's and key's; a request may raise it. */
function sensitivityOf(sent: Words, keys: string | undefined, tenant: GatewayTenant): Sensitivity {
  const floor =
    keys === undefined ? tenant.sensitivity : moreSensitive(tenant.sensitivity, keys as Sensitivity);
  const wanted = sent.sensitivity as Sensitivity | undefined;
  if (wanted === undefined || wanted === floor) return floor;
  if (moreSensitive(wanted, floor) === wanted) return wanted;
  throw new AppError(
    "forbidden",
    `sensitivity "${wanted}" is below this key's "${floor}"; a request may raise it, never lower it`,
  );
}
