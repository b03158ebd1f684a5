import { ERRORS, type AppError } from "../../../core/errors.ts";
import { scanObject } from "../../../core/json-scan.ts";
import type { ErrorReply } from "../dialect.ts";
import { errorMessage } from "../error-message.ts";

/** https://platform.openai.com/docs/guides/error-codes, with the exchange's id beside it. */
function errorObject(error: AppError, exchangeId: string): object {
  const row = ERRORS[error.code];
  return {
    error: {
      message: errorMessage(error, exchangeId),
      type: row.openai.type,
      param: null,
      code: error.code,
      exchange: exchangeId,
    },
  };
}

export function openAiErrorReply(error: AppError, exchangeId: string): ErrorReply {
  const row = ERRORS[error.code];
  const headers: Record<string, string> = { "content-type": "application/json", ...row.headers };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  return { status: row.status, headers, body: Buffer.from(JSON.stringify(errorObject(error, exchangeId))) };
}

export function openAiErrorEvent(error: AppError, exchangeId: string): Buffer {
  return Buffer.from(`data: ${JSON.stringify(errorObject(error, exchangeId))}\n\n`);
}

/** Whether an engine's refusal is one that OpenAI's SDKs can read. */
export function isOpenAiError(body: Buffer): boolean {
  try {
    // The strict scan: a key that stands there twice says one thing to us and another to the client.
    scanObject(body);
    const value = JSON.parse(body.toString()) as { error?: { message?: unknown } } | null;
    return typeof value?.error?.message === "string";
  } catch {
    return false;
  }
}
