import { rounded } from "../core/money.ts";
import { chargeOfUsage, savedByCaches, type Price, type Usage } from "../core/usage.ts";
import type { AttemptRecord } from "./exchange.ts";

/** Writes down what an attempt's usage costs. */
export function book(record: AttemptRecord, usage: Usage, price: Price): void {
  record.usage = usage;
  record.charge = chargeOfUsage(usage, price);
  record.costNano = rounded(record.charge);
  record.cacheSaved = savedByCaches(usage, price);
}
