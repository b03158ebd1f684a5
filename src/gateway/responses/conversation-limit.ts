import { AppError } from "../../core/errors.ts";

/**
 * What a request may be put together to. A few bytes may name turns and items of any length, and each of them again and
 * again; without an end a small request would fill the memory.
 */
export const MOST_CONVERSATION_BYTES = 128 * 1024 * 1024;

export function conversationTooLong(): AppError {
  return new AppError(
    "context_overflow",
    `what this request goes on from is longer than ${MOST_CONVERSATION_BYTES} bytes; begin another conversation`,
  );
}
