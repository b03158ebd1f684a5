import type { ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import type { WireRequest } from "../../../core/wire.ts";
import { readAnthropicChat } from "../anthropic/read-chat.ts";

/** How a body of InvokeModel says that it is Claude's. */
export const CLAUDES_OWN = "anthropic_version";

/**
 * A body of InvokeModel in no dialect, where it is Claude's: then it is one of Messages, but for its version.
 *
 * @throws AppError invalid_request, or unsupported_parameter where the body is another model's
 */
export function readInvoke({ bytes, invokeBody }: WireRequest): ChatRequest {
  if (invokeBody !== "anthropic")
    throw new AppError(
      "unsupported_parameter",
      "the body belongs to a model of Bedrock; ask by Converse, or in Claude's form with anthropic_version",
    );
  const chat = readAnthropicChat(bytes);
  return { ...chat, others: chat.others.filter(({ name }) => name !== CLAUDES_OWN) };
}
