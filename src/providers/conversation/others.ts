import type { OtherParameter } from "../../core/chat.ts";
import { isDroppable } from "../droppable.ts";
import type { Writing } from "./writing.ts";

/**
 * What other dialects have and the upstream has not.
 *
 * @returns fields of the model's own, where it has a place for it
 */
export function writeOthers(
  others: readonly OtherParameter[],
  topK: number | undefined,
  rulesSampling: boolean,
  { model, losses, form }: Writing,
): Readonly<Record<string, unknown>> {
  const noPlace = `has no place in ${form.api}`;
  let fields: Readonly<Record<string, unknown>> = {};
  if (topK !== undefined) {
    if (rulesSampling || !canTopK(model)) losses.drop("top_k", `has no place in ${form.api} for this model`);
    else fields = model.topK === "nova" ? { inferenceConfig: { topK } } : { top_k: topK };
  }
  for (const { name, value } of others) {
    if (name === "n") {
      if (value !== 1) losses.refuse(name, `has no place in ${form.api}: it gives one answer`);
    } else if (isDroppable(name)) losses.drop(name, noPlace);
    else losses.refuse(name, noPlace);
  }
  return fields;
}

function canTopK({ topK, sampling }: Writing["model"]): boolean {
  return topK !== undefined && sampling.temperature === "yes";
}
