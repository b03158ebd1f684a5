import type { ChatRequest } from "../../core/chat.ts";
import { isBlank } from "./block.ts";
import type { Writing } from "./writing.ts";

const MOST_STOPS = 2_500;

/** As Converse has it in `inferenceConfig`; Messages has the same at the top, under other names. */
export interface InferenceConfig {
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  stopSequences?: readonly string[];
}

/**
 * Output tokens to ask for at most. More than the model can give is refused, and what a budget pays for may be more.
 *
 * @param most  the model's own limit
 */
export function outputLimit(asked: number | undefined, cap: number | undefined, most: number): number {
  return Math.min(asked ?? most, cap ?? Infinity);
}

/** @param rulesSampling  whether the model thinks in a way that leaves no say in sampling */
export function writeInference(
  chat: ChatRequest,
  maxTokens: number | undefined,
  rulesSampling: boolean,
  writing: Writing,
): InferenceConfig {
  const config: InferenceConfig = {};
  if (maxTokens !== undefined) config.maxTokens = Math.max(1, maxTokens);
  const temperature = writeTemperature(chat.temperature, rulesSampling, writing);
  if (temperature !== undefined) config.temperature = temperature;
  const topP = writeTopP(chat.topP, temperature !== undefined, rulesSampling, writing);
  if (topP !== undefined) config.topP = topP;
  const stop = writeStop(chat.stop, writing);
  if (stop.length > 0) config.stopSequences = stop;
  return config;
}

function writeTemperature(
  wanted: number | undefined,
  rulesSampling: boolean,
  writing: Writing,
): number | undefined {
  if (wanted === undefined) return undefined;
  const { model, losses } = writing;
  const isDeprecated = model.sampling.temperature === "deprecated";
  if (isDeprecated || rulesSampling) {
    // 1 is what it is without being said.
    if (wanted !== 1)
      losses.drop(
        "temperature",
        isDeprecated ? "is deprecated for this model" : "is 1 while the model thinks",
      );
    return undefined;
  }
  return clamped("temperature", wanted, writing);
}

function writeTopP(
  wanted: number | undefined,
  hasTemperature: boolean,
  rulesSampling: boolean,
  writing: Writing,
): number | undefined {
  if (wanted === undefined) return undefined;
  const { model, losses } = writing;
  const isAlone = model.sampling.temperatureWithTopP || !hasTemperature;
  const why =
    model.sampling.topP === "deprecated"
      ? "is deprecated for this model"
      : rulesSampling
        ? "may not be chosen while the model thinks"
        : isAlone
          ? undefined
          : "may not stand beside temperature for this model";
  if (why === undefined) return clamped("top_p", wanted, writing);
  if (wanted !== 1) losses.drop("top_p", why);
  return undefined;
}

/** Into the range that both have. */
function clamped(name: string, wanted: number, { losses, form }: Writing): number {
  const sent = Math.min(1, Math.max(0, wanted));
  if (sent !== wanted) losses.drop(name, `may be 0 to 1 in ${form.api}; ${sent} is sent for ${wanted}`);
  return sent;
}

function writeStop(stop: readonly string[], { model, losses }: Writing): readonly string[] {
  if (stop.length === 0) return stop;
  if (!model.stopSequences) {
    losses.drop("stop", "is not known to this model");
    return [];
  }
  const kept = stop.filter((text) => !isBlank(text));
  if (kept.length < stop.length) losses.drop("stop", "may not be blank");
  if (kept.length > MOST_STOPS) losses.drop("stop", `may be ${MOST_STOPS} texts at most`);
  return kept.slice(0, MOST_STOPS);
}
