import type { ErrorTable } from "../client.ts";

/** https://github.com/openai/openai-python#handling-errors; a stream's `error` event has no class of its own. */
export const OPENAI: ErrorTable = {
  "bad-request": { name: "BadRequestError" },
  authentication: { name: "AuthenticationError", status: 401 },
  permission: { name: "PermissionDeniedError", status: 403 },
  "not-found": { name: "NotFoundError", status: 404 },
  "too-large": { name: "APIStatusError|BadRequestError" },
  "rate-limit": { name: "RateLimitError", status: 429 },
  "server-error": { name: "InternalServerError", status: 502 },
  overloaded: { name: "InternalServerError" },
  timeout: { name: "InternalServerError", status: 504 },
  stream: { name: "APIError" },
};

/** The SDK hands a failed response over as an event. */
export const RESPONSES: ErrorTable = {
  ...OPENAI,
  stream: { name: "APIError|ResponseErrorEvent|ResponseFailedEvent" },
};

/** https://github.com/anthropics/anthropic-sdk-python#handling-errors */
export const ANTHROPIC: ErrorTable = {
  ...OPENAI,
  "too-large": { name: "ContentTooLargeError|BadRequestError" },
  overloaded: { name: "OverloadedError|InternalServerError" },
  timeout: { name: "GatewayTimeoutError|InternalServerError", status: 504 },
  // The head of a stream that fails says 200, and no class is that status's.
  stream: { name: "APIStatusError" },
};

/** https://boto3.amazonaws.com/v1/documentation/api/latest/guide/error-handling.html */
export const BOTO3: ErrorTable = {
  "bad-request": { name: "ValidationException", status: 400 },
  // No class of Bedrock's model.
  authentication: { name: "ClientError", status: 403 },
  permission: { name: "AccessDeniedException", status: 403 },
  "not-found": { name: "ResourceNotFoundException", status: 404 },
  "too-large": { name: "ValidationException|ClientError" },
  "rate-limit": { name: "ThrottlingException", status: 429 },
  "server-error": { name: "InternalServerException", status: 500 },
  overloaded: { name: "InternalServerException|ServiceUnavailableException|ThrottlingException" },
  timeout: { name: "ModelTimeoutException", status: 408 },
  stream: { name: "EventStreamError" },
};

/** Each is a class of the SDK's as well as of LangChain's. */
export const LANGCHAIN_OPENAI: ErrorTable = {
  ...OPENAI,
  "bad-request": { name: "BadRequestError|OpenAIContextOverflowError" },
};

/** What was wrong with a request for an object; the SDK's own error is inside. */
export const INSTRUCTOR_OPENAI: ErrorTable = {
  ...OPENAI,
  "bad-request": { name: "BadRequestError|InstructorRetryException" },
};

export const INSTRUCTOR_ANTHROPIC: ErrorTable = {
  ...ANTHROPIC,
  "bad-request": { name: "BadRequestError|InstructorRetryException" },
};

export const LANGCHAIN_ANTHROPIC: ErrorTable = {
  "bad-request": { name: "AnthropicInvalidRequestError|AnthropicContextOverflowError" },
  authentication: { name: "AnthropicAuthenticationError", status: 401 },
  permission: { name: "AnthropicPermissionDeniedError", status: 403 },
  "not-found": { name: "AnthropicModelNotFoundError|NotFoundError", status: 404 },
  "too-large": { name: "ContentTooLargeError|AnthropicInvalidRequestError" },
  "rate-limit": { name: "AnthropicRateLimitError", status: 429 },
  "server-error": { name: "AnthropicAPIError", status: 502 },
  overloaded: { name: "AnthropicOverloadedError|AnthropicAPIError" },
  timeout: { name: "AnthropicAPIError|GatewayTimeoutError", status: 504 },
  stream: { name: "APIStatusError" },
};
