import { priceAt, type Usage } from "../core/usage.ts";
import type { Attempt } from "./attempt.ts";
import { book } from "./book.ts";
import type { ReplyBytes } from "./dialects/dialect.ts";
import { unreported } from "./estimate-usage.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Books what an attempt cost by the usage that the upstream reported, at the price in force when the exchange began.
 * Where it reported none, or one that cannot be, the attempt is put among those to be estimated before the record is made.
 *
 * @param reply  what came of a reply, as far as it is known
 */
export function settle(exchange: Exchange, attempt: Attempt, reply: ReplyBytes): void {
  const { record, planned } = attempt;
  if (!attempt.sent) {
    record.usage = undefined;
    record.estimated = false;
    return;
  }
  if (record.usage !== undefined && isAbsurd(record.usage, exchange, attempt)) {
    record.flagged = JSON.stringify(record.usage);
    record.usage = undefined;
  }
  if (record.usage === undefined) {
    // Counting tokens is free, however it ends.
    if (exchange.operation === "count-tokens") return;
    if (!mayHaveCost(attempt, reply)) return;
    const { usageAtStart: start } = attempt;
    // Some engines count nothing until the end, and write zeros.
    const isKnown = start !== undefined && start.inputTokens > 0 && !isAbsurd(start, exchange, attempt);
    const known = isKnown ? start : undefined;
    exchange.unreported.push(unreported(exchange, record, reply, known));
    return;
  }
  const price = priceAt(planned.target.prices, exchange.startedAtMs);
  if (price !== undefined) book(record, record.usage, price);
}

/** A refusal or a failure before the first byte is not charged anywhere; what was generated is, whoever left. */
function mayHaveCost({ record, failure }: Attempt, reply: ReplyBytes): boolean {
  if (record.status !== "failed") return true;
  // A timeout that the upstream told is an answer; our own deadline leaves open what it did.
  const isOpen = failure?.kind === "cut" || (failure?.kind === "timeout" && failure.status === undefined);
  return failure?.charged ?? (isOpen || reply.total > 0);
}

/** More than any model takes or gives today, by far. */
const MOST_TOKENS = 20_000_000;
/** Instructions, tools and templates that an engine adds by itself. */
const ADDED_TOKENS = 100_000;
const FAR = 10;
/**
 * Whether a usage is far beyond what the request can have cost: no tokenizer makes more than a token of a byte, and no
 * model gives ten times the output that it was limited to.
 */
function isAbsurd(usage: Usage, { request, dialect }: Exchange, { planned }: Attempt): boolean {
  if (Object.values(usage).some((tokens) => tokens > MOST_TOKENS)) return true;
  if (request === undefined) return false;
  const limit = planned.outputCap ?? request.maxOutputTokens ?? planned.target.maxOutputTokens;
  if (limit !== undefined && usage.outputTokens > limit * request.choices * FAR + ADDED_TOKENS) return true;
  const isBeyondBytes = usage.inputTokens > request.bytes.length * FAR + ADDED_TOKENS;
  return isBeyondBytes && !dialect.holdsMedia(request);
}
