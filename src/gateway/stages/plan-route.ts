import { ceilingOf } from "../../budget/ceiling.ts";
import { withinExchangeBudget } from "../../budget/exchange-budget.ts";
import type { Context } from "../../core/context.ts";
import { memberValue } from "../../core/json-scan.ts";
import { parseUsd, type Nanodollars } from "../../core/money.ts";
import { priceAt } from "../../core/usage.ts";
import type { WireRequest } from "../../core/wire.ts";
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
export function planRoute(exchange: Exchange): void {
  const { request, context, snapshot } = exchange;
  if (request === undefined || context === undefined)
    throw new Error("the route is planned after the request is read");
  const resolved = snapshot.names.resolve(context.task, request.model, mayUseOf(exchange));
  exchange.context = { ...context, task: resolved.task?.id };
  const candidates = new Candidates(exchange, request, exchange.context);
  const route = decide(exchange, resolved, context.task ?? request.model ?? "", candidates);
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

/** Whether a message has parts other than text: their tokens have nothing to do with their bytes. */
function holdsMedia(request: WireRequest): boolean {
  const member = request.members.find(({ key }) => key === "messages");
  const messages = member === undefined ? [] : memberValue(request.bytes, member);
  return (
    (messages as { content?: unknown }[] | null)?.some((message) => {
      const content = message?.content;
      return (
        Array.isArray(content) && content.some((part: { type?: unknown } | null) => part?.type !== "text")
      );
    }) === true
  );
}

/** Looks at each candidate once: whether it may serve, and with how much output. */
class Candidates {
  readonly #exchange: Exchange;
  readonly #request: WireRequest;
  readonly #context: Context;
  readonly #rules: readonly Rule[];
  readonly #budget: Nanodollars | undefined;
  readonly #caps = new Map<string, number | undefined>();

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
    if (!target.adapter.dialects.includes(this.#request.dialect)) {
      return { code: "unsupported_parameter", reason: `does not speak ${this.#request.dialect}` };
    }
    return this.#withinBudget(target, price);
  }

  planned(id: string): PlannedTarget {
    const target = this.#target(id);
    const outputCap = this.#caps.get(id);
    const { maxOutputTokens, choices, bytes, operation } = this.#request;
    const price = priceAt(target.prices, this.#exchange.startedAtMs);
    if (price === undefined) throw new AppError("internal", `the target "${id}" was planned without a price`);
    const ceilingNano = ceilingOf({
      inputBytes: bytes.length,
      outputTokens: operation === "embeddings" ? 0 : (outputCap ?? maxOutputTokens ?? target.maxOutputTokens),
      choices,
      price,
    });
    return { target, outputCap, ceilingNano };
  }

  #withinBudget(
    target: GatewayTarget,
    price: NonNullable<ReturnType<typeof priceAt>>,
  ): Exclusion | undefined {
    const named = this.#request.maxOutputTokens;
    const cap = named === undefined ? target.maxOutputTokens : undefined;
    if (this.#budget === undefined) {
      this.#caps.set(target.id, cap);
      return undefined;
    }
    if (holdsMedia(this.#request)) {
      return {
        code: "budget_exceeded",
        reason: "images, audio and files cannot be bounded by the request's budget",
      };
    }
    const answer = withinExchangeBudget({
      budget: this.#budget,
      inputBytes: this.#request.bytes.length,
      price,
      outputTokens: this.#request.operation === "embeddings" ? 0 : (named ?? target.maxOutputTokens),
      choices: this.#request.choices,
    });
    if (!answer.fits)
      return {
        code: "budget_exceeded",
        reason: `may cost more than the request's budget of ${this.#context.budget} USD`,
      };
    this.#caps.set(target.id, answer.outputCap ?? cap);
    return undefined;
  }

  #target(id: string): GatewayTarget {
    const target = this.#exchange.snapshot.targets.get(id);
    if (target === undefined) throw new AppError("internal", `the target "${id}" is not in the snapshot`);
    return target;
  }
}
