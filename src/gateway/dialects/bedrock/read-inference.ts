import type { ChatRequest, OtherParameter } from "../../../core/chat.ts";
import { optionalList, optionalNumber, refusal, tellOthers, type Fields } from "../fields.ts";
import { violation } from "./refusals.ts";

const PLACE = "inferenceConfig";
const KNOWN: ReadonlySet<string> = new Set(["maxTokens", "temperature", "topP", "stopSequences"]);
const MOST_STOPS = 2_500;

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html */
export function readInference(
  config: Fields,
  others: OtherParameter[],
): Pick<ChatRequest, "maxOutputTokens" | "temperature" | "topP" | "stop"> {
  tellOthers(config, KNOWN, PLACE, others);
  const maxOutputTokens = inRange(config, "maxTokens", 1, undefined);
  if (maxOutputTokens !== undefined && !Number.isSafeInteger(maxOutputTokens))
    throw refusal(PLACE, "maxTokens", "a whole number");
  return {
    maxOutputTokens,
    temperature: inRange(config, "temperature", 0, 1),
    topP: inRange(config, "topP", 0, 1),
    stop: readStops(optionalList(config, "stopSequences", PLACE)),
  };
}

function inRange(config: Fields, key: string, least: number, most: number | undefined): number | undefined {
  const value = optionalNumber(config, key, PLACE);
  if (value === undefined) return undefined;
  if (value < least)
    throw violation(value, `${PLACE}.${key}`, `have value greater than or equal to ${least}`);
  if (most !== undefined && value > most)
    throw violation(value, `${PLACE}.${key}`, `have value less than or equal to ${most}`);
  return value;
}

function readStops(list: readonly unknown[]): readonly string[] {
  const path = `${PLACE}.stopSequences`;
  if (list.length > MOST_STOPS)
    throw violation(undefined, path, `have length less than or equal to ${MOST_STOPS}`);
  return list.map((stop, index) => {
    if (typeof stop !== "string") throw refusal(`${path}.${index}`, "", "a text");
    if (stop === "")
      throw violation("", `${path}.${index + 1}.member`, "have length greater than or equal to 1");
    return stop;
  });
}
