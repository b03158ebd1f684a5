import type { ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import type { WireRequest } from "../../../core/wire.ts";
import { optionalFields, parseFields, requiredFields } from "../fields.ts";
import { readConverse } from "./read-chat.ts";

/**
 * A CountTokens request in no dialect. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html
 *
 * @throws AppError invalid_request, or unsupported_parameter where the body belongs to a model of Bedrock
 */
export function readCountTokens({ bytes }: WireRequest): ChatRequest {
  const input = requiredFields(parseFields(bytes), "input", "");
  const converse = optionalFields(input, "converse", "input");
  if (converse !== undefined) return readConverse(Buffer.from(JSON.stringify(converse)));
  throw new AppError(
    "unsupported_parameter",
    "input.invokeModel belongs to a model of Bedrock; send input.converse to count for other models",
  );
}

export function writeTokenCount(inputTokens: number): Buffer {
  return Buffer.from(JSON.stringify({ inputTokens }));
}
