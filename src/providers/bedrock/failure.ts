import { brief } from "../../core/text.ts";
import { readError, waitOf } from "../aws/read-error.ts";
import { FOREIGN_THOUGHTS, OVERFLOW } from "../anthropic-messages/refusals.ts";
import { statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import { text, type Headers } from "../http/upstream-reply.ts";
import type { AttemptFailure, WholeReply } from "../provider.ts";

const MAX_MESSAGE = 500;

/** Validation that is about this model or profile and no fault of the request: another target may take it. */
const ELSEWHERE =
  /model identifier is invalid|on-demand throughput isn|does ?n.t support|not supported (for|by|with) this model|isn.t supported on this route|deprecated for this model|end of (its )?life/i;

/** A cache point for a model that caches nothing. */
const NO_CACHING = /did not allow prompt caching/i;

/**
 * What a refusal of Bedrock means for the attempt.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
 */
export function bedrockFailure(reply: WholeReply, headers: Headers, secrets: Secrets): AttemptFailure {
  const error = readError(text(headers["x-amzn-errortype"]), reply.body);
  const known = exceptionFailure(error.type, error.message, secrets);
  const wait = waitOf(headers);
  if (known === undefined) {
    return statusFailure(reply, wait === undefined ? undefined : String(wait), secrets, Date.now());
  }
  const failure = { ...known, status: reply.status };
  if (failure.kind === "rejected") return { ...failure, reply };
  return failure.kind === "throttled" && wait !== undefined
    ? { ...failure, retryAfterSeconds: wait }
    : failure;
}

/**
 * What an exception means, of a reply or in mid-stream.
 *
 * @param type  its class or its member name: `ThrottlingException`, `throttlingException`
 * @returns undefined where the class is unknown
 */
export function exceptionFailure(
  type: string,
  message: string,
  secrets: Secrets,
): AttemptFailure | undefined {
  const said = secrets.tellable(message, MAX_MESSAGE);
  const name = type.charAt(0).toUpperCase() + type.slice(1);
  const base = { message: `Bedrock answered ${name}`, said };
  switch (name) {
    case "ThrottlingException":
      return { ...base, kind: "throttled", message: throttleMessage(message) };
    case "ServiceQuotaExceededException":
      return { ...base, kind: "throttled" };
    case "ModelNotReadyException":
      return { ...base, kind: "status", code: "no_target_available" };
    case "ModelTimeoutException":
      return { ...base, kind: "timeout" };
    case "ModelErrorException":
    case "ModelStreamErrorException":
    case "InternalServerException":
    case "ServiceUnavailableException":
      return { ...base, kind: "status" };
    case "AccessDeniedException":
      // About the request, although the class says otherwise.
      if (NO_CACHING.test(message)) return { ...base, kind: "rejected", elsewhere: true };
      return credentialsFailure(name, said && brief(message, MAX_MESSAGE));
    case "UnrecognizedClientException":
    case "InvalidSignatureException":
    case "ExpiredTokenException":
    case "MissingAuthenticationTokenException":
    case "IncompleteSignatureException":
      return credentialsFailure(name, said && brief(message, MAX_MESSAGE));
    case "ResourceNotFoundException":
      return { ...base, kind: "rejected", code: "model_not_found", elsewhere: true };
    case "ValidationException":
      return {
        ...base,
        kind: "rejected",
        ...(OVERFLOW.test(message) && { code: "context_overflow" as const }),
        elsewhere: ELSEWHERE.test(message) || OVERFLOW.test(message),
        foreignThoughts: FOREIGN_THOUGHTS.test(message),
      };
    case "ConflictException":
      return { ...base, kind: "rejected" };
    default:
      return undefined;
  }
}

/** @param detail  for operators, who must know whose rights are missing */
function credentialsFailure(name: string, detail: string | undefined): AttemptFailure {
  return {
    kind: "credentials",
    message: `Bedrock refused our credentials (${name})`,
    ...(detail !== undefined && { detail }),
  };
}

/** What throttled, as its message tells: repeating helps in seconds, or not before tomorrow. */
function throttleMessage(message: string): string {
  if (/tokens per day/i.test(message)) return "Bedrock throttled: the day's tokens are used up";
  if (/too many tokens/i.test(message)) return "Bedrock throttled: too many tokens a minute";
  if (/too many requests/i.test(message)) return "Bedrock throttled: too many requests a minute";
  return "Bedrock throttled";
}
