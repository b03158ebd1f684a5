import type { ErrorReply } from "./api.ts";
import { sse } from "./api.ts";
import type { Failure } from "./model.ts";

/** https://platform.openai.com/docs/guides/error-codes */
const ERRORS: Readonly<
  Record<Failure, readonly [status: number, type: string, code: string | null, message: string]>
> = {
  "bad-request": [400, "invalid_request_error", null, "The request was not understood."],
  authentication: [401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."],
  permission: [403, "invalid_request_error", "unsupported_country_region_territory", "Not for you."],
  "not-found": [404, "invalid_request_error", "model_not_found", "The model `model-up` does not exist."],
  "too-large": [413, "invalid_request_error", null, "Request too large."],
  "rate-limit": [429, "requests", "rate_limit_exceeded", "Rate limit reached."],
  overloaded: [503, "server_error", null, "The engine is currently overloaded, please try again later."],
  "server-error": [500, "server_error", null, "The server had an error while processing your request."],
  timeout: [504, "server_error", null, "Timed out."],
  context: [
    400,
    "invalid_request_error",
    "context_length_exceeded",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
  ],
  "mid-stream": [500, "server_error", null, "The server had an error while processing your request."],
  cut: [500, "server_error", null, "The server had an error while processing your request."],
  "no-end": [500, "server_error", null, "The server had an error while processing your request."],
};

export function openAiError(failure: Failure, said?: string): ErrorReply {
  const [status, type, code, message] = ERRORS[failure];
  return {
    status,
    ...(failure === "rate-limit" && { headers: { "retry-after": "7" } }),
    body: { error: { message: said ?? message, type, param: null, code } },
  };
}

export function openAiStreamError(): string {
  return sse(openAiError("mid-stream").body);
}
