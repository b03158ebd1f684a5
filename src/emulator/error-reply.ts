import { stsErrorXml } from "./auth/assume-role.ts";
import type { FaultOf } from "./faults/fault.ts";
import type { Json } from "./json.ts";
import { openaiError } from "./operations/chat-completions.ts";
import type { Operation } from "./operations/route.ts";
import { EXCEPTIONS, type ServiceError } from "./service-error.ts";
import type { Reply } from "./transport/reply.ts";

/** The service appends this to every type of error. */
const TYPE_SUFFIX = ":http://internal.amazon.com/coral/com.amazon.bedrock/";

/** A refusal in the operation's own notation: XML of STS, JSON of OpenAI, and for the rest JSON with a type in a header. */
export function errorReply(error: ServiceError, operation: Operation, requestId: string): Reply {
  const { type, status, message, members, headers } = error;
  return errorOf(operation, requestId, { type, status, message, members, headers });
}

/** An error that a script asks for; without an exception it is a bare status, as a host in between sends it. */
export function scriptedError(fault: FaultOf<"error">, operation: Operation, requestId: string): Reply {
  const { exception, retryAfterSeconds, members = {} } = fault;
  const known = exception === undefined ? undefined : EXCEPTIONS[exception as keyof typeof EXCEPTIONS];
  const status = fault.status ?? known ?? 500;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  if (exception === undefined)
    return { status, headers: { "content-type": "text/html", ...headers }, body: `<html>${status}</html>` };
  const message = fault.message ?? MESSAGES[exception] ?? exception;
  return errorOf(operation, requestId, {
    type: exception,
    status,
    message,
    members,
    headers,
  });
}

interface ErrorParts {
  readonly type: string;
  readonly status: number;
  readonly message: string;
  readonly members: Readonly<Record<string, Json>>;
  readonly headers: Readonly<Record<string, string>>;
}

function errorOf(
  operation: Operation,
  requestId: string,
  { type, status, message, members, headers }: ErrorParts,
): Reply {
  if (operation === "AssumeRole")
    return {
      status,
      headers: { "content-type": "text/xml", ...headers },
      body: stsErrorXml(type, message, requestId),
      error: type,
    };
  const body = operation === "ChatCompletions" ? openaiError(message, type) : { ...members, message };
  return {
    status,
    headers: {
      "content-type": "application/json",
      "x-amzn-errortype": `${type}${TYPE_SUFFIX}`,
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

/** What the service says with an error, where a script says nothing. */
const UNEXPECTED = "The system encountered an unexpected error during processing. Try your request again.";
const MESSAGES: Readonly<Record<string, string>> = {
  ThrottlingException: "Too many requests, please wait before trying again.",
  InternalServerException: UNEXPECTED,
  ServiceUnavailableException: "Bedrock is unable to process your request.",
  ModelTimeoutException: "Model has timed out in processing the request. Try your request again.",
  ModelNotReadyException: "Model is not ready for inference. Please try again later.",
  ModelErrorException: UNEXPECTED,
  ModelStreamErrorException: UNEXPECTED,
  AccessDeniedException: "You don't have access to the model with the specified model ID.",
  ResourceNotFoundException: "Could not resolve the foundation model from the provided model identifier.",
  ServiceQuotaExceededException: "Your request exceeds the service quota for your account.",
  ValidationException: "The provided request is not valid.",
};
