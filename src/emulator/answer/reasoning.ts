import { lastUserText, type ConverseRequest } from "../converse-request.ts";
import { isObject } from "../json.ts";
import type { Model } from "../models/model.ts";
import type { AnswerBlock } from "./answer.ts";
import type { Random } from "./random.ts";
import { sign } from "./signature.ts";
import { madeUpText } from "./words.ts";

/** Words in a prompt that bring out what a model does rarely; the first is Anthropic's own. */
export const TRIGGERS = {
  redacted: ["ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING", "REDACTED_THINKING"],
  signatureOnly: "SIGNATURE_ONLY_THINKING",
} as const;

/** Whether the request makes the model think before it answers. */
export function thinks(request: ConverseRequest, model: Model): boolean {
  if (model.reasoning === "always") return true;
  if (model.reasoning === "none") return false;
  const fields = isObject(request.additionalModelRequestFields) ? request.additionalModelRequestFields : {};
  if (model.signsReasoning) {
    const thinking = isObject(fields["thinking"]) ? fields["thinking"]["type"] : undefined;
    return thinking === "enabled" || thinking === "adaptive";
  }
  const level = fields["reasoning_config"] ?? fields["reasoningConfig"] ?? fields["reasoning_effort"];
  const asked = isObject(level) ? level["type"] : level;
  const effort = asked ?? request.outputConfig?.effort;
  return typeof effort === "string" && effort !== "none" && effort !== "disabled";
}

/** What the model thought. */
export function reasoningBlocks(request: ConverseRequest, model: Model, random: Random): AnswerBlock[] {
  const prompt = lastUserText(request);
  const text = madeUpText(random, random.between(8, 16));
  if (!model.signsReasoning) return [reasoningBlock(text, model)];
  if (TRIGGERS.redacted.some((trigger) => prompt.includes(trigger)))
    return [0, 1].map(() => ({ kind: "redacted", data: sign(redactedText(model), random.letters(200)) }));
  return [reasoningBlock(prompt.includes(TRIGGERS.signatureOnly) ? "" : text, model)];
}

/** A thought, signed where the model signs. */
export function reasoningBlock(text: string, model: Model): AnswerBlock {
  const signature = model.signsReasoning ? sign(signedText(model, text)) : undefined;
  return { kind: "reasoning", text, ...(signature !== undefined && { signature }) };
}

/** What is signed: a signature holds for one model's own text only. */
export function signedText(model: Model, text: string): string {
  return `${model.id}\n${text}`;
}

/** What stands for the text of redacted reasoning, which nobody may read. */
export function redactedText(model: Model): string {
  return `${model.id}\nredacted`;
}
