import { CONVERSE_EXCEPTIONS, INVOKE_EXCEPTIONS } from "../../../core/bedrock-exceptions.ts";
import { ERRORS, type AppError } from "../../../core/errors.ts";
import { writeException } from "../../../core/event-stream.ts";
import type { Operation } from "../../../core/wire.ts";
import type { ErrorReply } from "../dialect.ts";
import { errorMessage } from "../error-message.ts";

/** SDKs take the exception's class from a header. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html */
export function bedrockErrorReply(error: AppError, exchangeId: string): ErrorReply {
  const row = ERRORS[error.code];
  const headers: Record<string, string> = {
    ...row.headers,
    "content-type": "application/json",
    "x-amzn-errortype": row.bedrock.exception,
    "x-amzn-requestid": exchangeId,
  };
  if (error.retryAfterSeconds !== undefined) headers["retry-after"] = String(error.retryAfterSeconds);
  return { status: row.bedrock.status, headers, body: Buffer.from(message(error, exchangeId)) };
}

export function bedrockErrorEvent(error: AppError, exchangeId: string, operation: Operation): Buffer {
  const { exception } = ERRORS[error.code].bedrock;
  const type = exception.charAt(0).toLowerCase() + exception.slice(1);
  const isKnown = (operation === "invoke" ? INVOKE_EXCEPTIONS : CONVERSE_EXCEPTIONS).has(type);
  const isTimeout = type === "modelTimeoutException";
  const known = isKnown ? type : isTimeout ? "modelStreamErrorException" : "internalServerException";
  return writeException(known, message(error, exchangeId));
}

/** Whether a refusal is one that AWS SDKs can read. */
export function isBedrockError(body: Buffer): boolean {
  try {
    const value = JSON.parse(body.toString()) as { message?: unknown; Message?: unknown } | null;
    return typeof (value?.message ?? value?.Message) === "string";
  } catch {
    return false;
  }
}

function message(error: AppError, exchangeId: string): string {
  return JSON.stringify({ message: errorMessage(error, exchangeId) });
}
