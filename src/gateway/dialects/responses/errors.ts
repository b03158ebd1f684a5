import { ERRORS, type AppError } from "../../../core/errors.ts";
import { errorMessage } from "../error-message.ts";

/**
 * An error in a stream. OpenAI documents the flat form and sends the nested one; its SDK for Python raises only for the
 * latter, so both are there. https://platform.openai.com/docs/api-reference/responses-streaming/error
 */
export function responsesErrorEvent(error: AppError, exchangeId: string): Buffer {
  const message = errorMessage(error, exchangeId);
  const event = {
    type: "error",
    // How many events went before is not known here, and no client looks.
    sequence_number: 0,
    code: error.code,
    message,
    param: null,
    error: {
      type: ERRORS[error.code].openai.type,
      code: error.code,
      message,
      param: null,
      exchange: exchangeId,
    },
  };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}
