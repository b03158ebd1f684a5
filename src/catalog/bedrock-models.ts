import { type BedrockModel, type BedrockRow, UNKNOWN_MODEL } from "./bedrock-model.ts";
import { AMAZON_ROWS } from "./bedrock-models-amazon.ts";
import { CLAUDE_ROWS } from "./bedrock-models-claude.ts";
import { META_ROWS, MISTRAL_ROWS } from "./bedrock-models-meta-mistral.ts";
import { OPENAI_ROWS, OTHER_ROWS } from "./bedrock-models-other.ts";

export type { BedrockModel } from "./bedrock-model.ts";

/**
 * What models on Bedrock can do, by pattern of the canonical id; the first that fits counts. Data, so that a new model is
 * a row. Sources, as the rows name them:
 * - [aws] https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html,
 *   …/prompt-caching.html, …/structured-output.html and the model cards beside them
 * - [rec] recorded traffic
 * - [live] what others tried against the service: pydantic-ai#6098 (what may stand beside a tool result), #6255 (who may
 *   begin), #6318 (Writer, Z.AI, Moonshot), and the capability tables of @ai-sdk/amazon-bedrock 5
 * - [?] unverified: taken from a neighbour, or from one source alone
 */
const ROWS: readonly BedrockRow[] = [
  ...CLAUDE_ROWS,
  ...AMAZON_ROWS,
  ...META_ROWS,
  ...MISTRAL_ROWS,
  ...OPENAI_ROWS,
  ...OTHER_ROWS,
];

/** @param canonical  an id without prefix, as `parseBedrockModelId` gives it; with `-v1:0` or without */
export function bedrockModel(canonical: string): BedrockModel {
  return ROWS.find(([match]) => match.test(canonical))?.[1] ?? UNKNOWN_MODEL;
}
