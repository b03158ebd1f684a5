import { ERRORS, type AppError } from "../../../core/errors.ts";
import { scanObject } from "../../../core/json-scan.ts";
import type { ErrorReply } from "../dialect.ts";
import { errorMessage } from "../error-message.ts";

/** https://platform.claude.com/docs/en/api/errors, with our code and the exchange's id beside the API's own members. */
function errorJson(error: AppError, exchangeId: string): string {
  return JSON.stringify({
    type: "error",
    error: {
      type: ERRORS[error.code].anthropic.type,
      message: errorMessage(error, exchangeId),
      code: error.code,
      exchange: exchangeId,
    },
    request_id: exchangeId,
  });
}

export function anthropicErrorReply(error: AppError, exchangeId: string): ErrorReply {
  const row = ERRORS[error.code];
  const headers: Record<string, string> = {
    "content-type": "application/json",
    ...row.headers,
    "request-id": exchangeId,
  };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  return { status: row.anthropic.status, headers, body: Buffer.from(errorJson(error, exchangeId)) };
}

export function anthropicErrorEvent(error: AppError, exchangeId: string): Buffer {
  return Buffer.from(`event: error\ndata: ${errorJson(error, exchangeId)}\n\n`);
}

/** Whether a refusal is one that Anthropic's SDKs can read. */
export function isAnthropicError(body: Buffer): boolean {
  try {
    // The strict scan: a key that stands there twice says one thing to us and another to the client.
    scanObject(body);
    const value = JSON.parse(body.toString()) as { type?: unknown; error?: { message?: unknown } } | null;
    return value?.type === "error" && typeof value.error?.message === "string";
  } catch {
    return false;
  }
}
