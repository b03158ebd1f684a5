import { ceilingOf } from "../../budget/ceiling.ts";
import { withinExchangeBudget } from "../../budget/exchange-budget.ts";
import type { Context } from "../../core/context.ts";
import { parseUsd, type Nanodollars } from "../../core/money.ts";
import { priceAt } from "../../core/usage.ts";
import type { Operation, WireRequest } from "../../core/wire.ts";
import { Access } from "../../policy/access.ts";
import { excludingRule, rulesFor, type Rule } from "../../policy/rules.ts";
import type { MayUse, Resolved } from "../../routing/names.ts";
import { planRoute as plan, RouteRefusal, type Exclusion, type RoutePlan } from "../../routing/plan.ts";
import type { Exchange, PlannedTarget } from "../exchange.ts";
import type { GatewayTarget } from "../snapshot.ts";
import { AppError } from "../../core/errors.ts";

/** What the caller of an exchange may use, for routing. */
export function mayUseOf(exchange: Exchange): MayUse {
  const { key, context, snapshot } = exchange;
  const tenant = key === undefined ? undefined : snapshot.tenants.get(context?.tenant ?? key.tenant);
  if (key === undefined || tenant === undefined) return NOTHING;
  const access = new Access(tenant, key);
  return {
    task: (task) => access.mayUseTask(task),
    target: (tasks) => access.mayUseTarget(tasks),
    describe: () => access.describe(),
  };
}

const NOTHING: MayUse = { task: () => false, target: () => false, describe: () => "nothing" };

/** Resolves the model's name, leaves out the targets that policy, data class, price or budget exclude, and says why. */
export function planRoute(exchange: Exchange): void | Promise<void> {
  const { request, context, snapshot } = exchange;
  if (request === undefined || context === undefined)
    throw new Error("the route is planned after the request is read");
  const resolved = snapshot.names.resolve(context.task, request.model, mayUseOf(exchange));
  exchange.context = { ...context, task: resolved.task?.id };
  // Capabilities and parameters go by the model behind a profile, and the first request on one asks for it.
  const waiting = prepare(exchange, resolved, request);
  const asked = context.task ?? request.model ?? "";
  if (waiting === undefined) return planOn(exchange, request, resolved, asked);
  return waiting.then(() => planOn(exchange, request, resolved, asked));
}

/**
 * Asks for what is not known of a model yet. It is waited for only where nothing else can serve: a target that cannot be
 * reached must not hold up the others.
 */
function prepare(
  exchange: Exchange,
  { targets }: Resolved,
  request: WireRequest,
): Promise<unknown> | undefined {
  const { snapshot, context } = exchange;
  let waiting: Map<string, Promise<void>> | undefined;
  for (const { id, model } of targets) {
    const preparing = snapshot.targets.get(id)?.adapter.prepare?.(model);
    if (preparing !== undefined) (waiting ??= new Map()).set(id, preparing);
  }
  if (waiting === undefined || context === undefined) return undefined;
  const candidates = new Candidates(exchange, request, context);
  const isServed = targets.some(({ id }) => !waiting.has(id) && candidates.exclude(id) === undefined);
  return isServed ? undefined : Promise.all(waiting.values());
}

function planOn(exchange: Exchange, request: WireRequest, resolved: Resolved, asked: string): void {
  const { context } = exchange;
  if (context === undefined) throw new Error("the route is planned after the request is read");
  const candidates = new Candidates(exchange, request, context);
  const route = decide(exchange, resolved, asked, candidates);
  exchange.decision = route.decision;
  exchange.plan = route.targets.map((target) => candidates.planned(target.id));
}

function decide(exchange: Exchange, resolved: Resolved, asked: string, candidates: Candidates): RoutePlan {
  try {
    return plan({
      // One decision an exchange: it has the same id.
      id: exchange.id,
      asked,
      resolved,
      configHash: exchange.snapshot.hash,
      exclude: (target) => candidates.exclude(target.id),
    });
  } catch (error) {
    if (error instanceof RouteRefusal) exchange.decision = error.decision;
    throw error;
  }
}

/** Whether output is generated, whose length is not known before. */
const GENERATES: Readonly<Record<Operation, boolean>> = {
  chat: true,
  completions: true,
  invoke: true,
  embeddings: false,
  "count-tokens": false,
};

/** Looks at each candidate once: whether it may serve, and with how much output. */
class Candidates {
  readonly #exchange: Exchange;
  readonly #request: WireRequest;
  readonly #context: Context;
  readonly #rules: readonly Rule[];
  readonly #budget: Nanodollars | undefined;
  readonly #caps = new Map<string, number | undefined>();
  readonly #services = new Map<string, PlannedTarget["service"]>();

  constructor(exchange: Exchange, request: WireRequest, context: Context) {
    this.#exchange = exchange;
    this.#request = request;
    this.#context = context;
    this.#rules = rulesFor(exchange.snapshot.rules, context);
    this.#budget = context.budget === undefined ? undefined : parseUsd(context.budget);
  }

  exclude(id: string): Exclusion | undefined {
    const target = this.#target(id);
    const { sensitivity } = this.#context;
    if (!target.dataClasses.includes(sensitivity)) {
      return {
        code: "policy_denied",
        reason: `takes ${target.dataClasses.join(" and ")} data, not ${sensitivity}`,
      };
    }
    const rule = excludingRule(this.#rules, {
      target: target.id,
      provider: target.provider,
      model: target.model,
      tier: target.tier,
    });
    if (rule !== undefined) {
      return {
        code: "policy_denied",
        reason: `rule "${rule.rule}"${rule.because === undefined ? "" : ` (${rule.because})`}`,
      };
    }
    const price = priceAt(target.prices, this.#exchange.startedAtMs);
    if (price === undefined) return { code: "unpriced", reason: "no price is in force yet" };
    const service = target.adapter.serves(this.#request, target.model);
    if (typeof service === "object")
      return { code: service.code ?? "unsupported_parameter", reason: service.why };
    this.#services.set(id, service);
    return this.#withinBudget(target, price);
  }

  planned(id: string): PlannedTarget {
    const target = this.#target(id);
    const outputCap = this.#caps.get(id);
    const { choices, bytes, operation } = this.#request;
    const maxOutputTokens = this.#named(target);
    const price = priceAt(target.prices, this.#exchange.startedAtMs);
    if (price === undefined) throw new AppError("internal", `the target "${id}" was planned without a price`);
    const ceilingNano = ceilingOf({
      inputBytes: bytes.length,
      outputTokens: GENERATES[operation]
        ? (outputCap ?? maxOutputTokens ?? target.maxOutputTokens ?? this.#unnamed(target))
        : 0,
      choices,
      price,
    });
    return {
      target,
      service: this.#services.get(id) ?? "pass",
      outputCap,
      // Counting is free.
      ceilingNano: operation === "count-tokens" ? 0n : ceilingNano,
    };
  }

  #withinBudget(
    target: GatewayTarget,
    price: NonNullable<ReturnType<typeof priceAt>>,
  ): Exclusion | undefined {
    const named = this.#named(target);
    const cap = named === undefined ? target.maxOutputTokens : undefined;
    // Counting tokens is free.
    if (this.#budget === undefined || this.#request.operation === "count-tokens") {
      this.#caps.set(target.id, cap);
      return undefined;
    }
    if (this.#exchange.dialect.holdsMedia(this.#request)) {
      return {
        code: "budget_exceeded",
        reason: "images, audio, files and what a provider fetches cannot be bounded by the request's budget",
      };
    }
    const answer = withinExchangeBudget({
      budget: this.#budget,
      inputBytes: this.#request.bytes.length,
      price,
      outputTokens: GENERATES[this.#request.operation] ? (named ?? target.maxOutputTokens) : 0,
      choices: this.#request.choices,
    });
    if (!answer.fits)
      return {
        code: "budget_exceeded",
        reason: `may cost more than the request's budget of ${this.#context.budget} USD`,
      };
    // Also what the client names: an engine may not know the name by which it does.
    const wanted = answer.outputCap ?? cap ?? named;
    if (wanted !== undefined && target.adapter.caps?.(this.#request, target.model) === false) {
      return {
        code: "budget_exceeded",
        reason:
          "its output cannot be bounded by the request's budget: the body is the model's own, and unknown",
      };
    }
    this.#caps.set(target.id, wanted);
    return undefined;
  }

  #unnamed({ adapter, model }: GatewayTarget): number | undefined {
    return adapter.unnamedLimit?.(this.#request, model);
  }

  /** The client's own limit of output tokens. */
  #named({ adapter, model }: GatewayTarget): number | undefined {
    return adapter.namedLimit?.(this.#request, model) ?? this.#request.maxOutputTokens;
  }

  #target(id: string): GatewayTarget {
    const target = this.#exchange.snapshot.targets.get(id);
    if (target === undefined) throw new AppError("internal", `the target "${id}" is not in the snapshot`);
    return target;
  }
}
