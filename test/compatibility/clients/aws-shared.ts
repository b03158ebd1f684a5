import { BedrockRuntimeClient, BedrockRuntimeServiceException } from "@aws-sdk/client-bedrock-runtime";
import type { ErrorTable, Failed, Where } from "../client.ts";
import { seconds, type Calls } from "./shared.ts";

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors */
export const AWS_ERRORS: ErrorTable = {
  "bad-request": { name: "ValidationException", status: 400 },
  authentication: { name: "UnrecognizedClientException|InvalidSignatureException", status: 403 },
  permission: { name: "AccessDeniedException", status: 403 },
  "not-found": { name: "ResourceNotFoundException", status: 404 },
  "too-large": { name: "ValidationException|RequestEntityTooLargeException" },
  "rate-limit": { name: "ThrottlingException", status: 429 },
  "server-error": { name: "InternalServerException", status: 500 },
  overloaded: { name: "InternalServerException|ServiceUnavailableException|ThrottlingException" },
  timeout: { name: "ModelTimeoutException", status: 408 },
  stream: { name: "InternalServerException|ModelStreamErrorException|ServiceUnavailableException" },
};

/** The SDK over HTTP/2, signing with the pair of the key, and once only. */
export function awsClient({ url, pair }: Where, calls: Calls): BedrockRuntimeClient {
  const client = new BedrockRuntimeClient({
    region: "us-east-1",
    endpoint: url,
    maxAttempts: 1,
    credentials: pair,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      calls.requests++;
      return next(args);
    },
    { step: "finalizeRequest", priority: "low" },
  );
  return client;
}

export function awsFailure(error: unknown): Omit<Failed, "text" | "requests"> | undefined {
  if (!(error instanceof BedrockRuntimeServiceException) && !(error instanceof Error && "$fault" in error))
    return undefined;
  const { name, message, $metadata, $response } = error as BedrockRuntimeServiceException;
  const headers = $response?.headers;
  return {
    name,
    status: $metadata?.httpStatusCode,
    code: "",
    message,
    retryAfter: seconds(headers?.["retry-after"]),
  };
}
