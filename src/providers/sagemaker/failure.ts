import type { Frame } from "../../core/event-stream.ts";
import { brief } from "../../core/text.ts";
import { readError, waitOf } from "../aws/read-error.ts";
import { statusFailure } from "../http/failure.ts";
import type { Secrets } from "../http/secrets.ts";
import { text, type Headers } from "../http/upstream-reply.ts";
import type { AttemptFailure, WholeReply } from "../provider.ts";
import { modelFailure } from "./model-failure.ts";

/** Characters of the service's own words. */
const MAX_SAID = 500;
/** Seconds: scaling out takes minutes, and a client that asks twice a minute costs nothing. */
const WARM_UP_SECONDS = 30;
/** An inference component that is scaled to zero, or not placed yet. */
const NO_CAPACITY = /has no capacity to process this request/i;
const UNKNOWN = /not found|could not find|does not exist/i;

/**
 * What a refusal of SageMaker's runtime means for the attempt.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html#API_runtime_InvokeEndpoint_Errors
 */
export function sageMakerFailure(reply: WholeReply, headers: Headers, secrets: Secrets): AttemptFailure {
  const { type, message } = readError(text(headers["x-amzn-errortype"]), reply.body);
  const wait = waitOf(headers);
  if (type === "ModelError") return modelFailure(reply, wait, secrets);
  const failure = exceptionFailure(type, message, secrets);
  if (failure === undefined) return withSize(statusFailure(reply, secondsOf(wait), secrets, Date.now()));
  const waits = wait !== undefined && (failure.kind === "throttled" || failure.kind === "status");
  return { ...failure, status: reply.status, ...(waits && { retryAfterSeconds: wait }) };
}

/**
 * What an exception frame in a stream means.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_ResponseStream.html
 *
 * @param begun  whether something was generated before, which is charged
 */
export function streamFailure(frame: Frame, begun: boolean, secrets: Secrets): AttemptFailure {
  const told = readError(undefined, frame.payload).message || (frame.header(":error-message") ?? "");
  const said = secrets.tellable(told, MAX_SAID);
  if (frame.type === "ModelStreamError") return { ...brokenStream(frame.payload), said, charged: begun };
  const known = exceptionFailure(frame.type, told, secrets);
  const failure = known ?? { kind: "status", message: "SageMaker broke its stream off with an error", said };
  // In mid-stream nothing is about the request any more.
  return { ...failure, kind: failure.kind === "rejected" ? "status" : failure.kind, charged: begun };
}

function brokenStream(payload: Buffer): AttemptFailure {
  const code = /"ErrorCode"\s*:\s*"(\w+)"/.exec(payload.toString())?.[1];
  if (code === "ModelInvocationTimeExceeded")
    return { kind: "timeout", message: "the model did not finish its stream in SageMaker's time" };
  if (code === "StreamBroken")
    return { kind: "cut", message: "the connection between SageMaker and the model broke" };
  return { kind: "status", message: "the model failed in its stream (ModelStreamError)" };
}

/** @returns undefined where the class is unknown */
function exceptionFailure(type: string, message: string, secrets: Secrets): AttemptFailure | undefined {
  const said = secrets.tellable(message, MAX_SAID);
  const base = { message: `SageMaker answered ${type}`, said };
  switch (type) {
    case "ValidationError":
    case "ValidationException":
      return validationFailure(message, base);
    case "ModelNotReadyException":
      return { ...base, ...WARMING_UP };
    case "ThrottlingException":
    case "Throttling":
    case "TooManyRequestsException":
      return { ...base, kind: "throttled" };
    case "ServiceUnavailable":
    case "ServiceUnavailableException":
    case "InternalFailure":
    case "InternalStreamFailure":
    case "InternalServerException":
    case "InternalDependencyException":
      return { ...base, kind: "status" };
    case "AccessDenied":
    case "AccessDeniedException":
    case "ExpiredToken":
    case "ExpiredTokenException":
    case "InvalidClientTokenId":
    case "InvalidSignatureException":
    case "IncompleteSignatureException":
    case "MissingAuthenticationTokenException":
    case "UnrecognizedClientException":
      return {
        kind: "credentials",
        message: `SageMaker refused our credentials (${type})`,
        // For operators, who must know whose rights are missing.
        ...(said !== undefined && { detail: brief(message, MAX_SAID) }),
      };
    default:
      return undefined;
  }
}

const WARMING_UP = {
  kind: "status",
  code: "no_target_available",
  retryAfterSeconds: WARM_UP_SECONDS,
} as const;

/**
 * SageMaker itself looks at no more of a request than where it goes and how long it is; where it goes is our own
 * configuration. So hardly anything that it finds invalid is the client's fault.
 */
function validationFailure(
  message: string,
  base: { message: string; said: string | undefined },
): AttemptFailure {
  if (NO_CAPACITY.test(message))
    return { ...WARMING_UP, message: "the inference component has no capacity now", said: base.said };
  if (UNKNOWN.test(message))
    return {
      kind: "rejected",
      code: "model_not_found",
      elsewhere: true,
      message: "SageMaker knows no such endpoint, variant or component",
      said: base.said,
    };
  return { ...base, kind: "status" };
}

function withSize(failure: AttemptFailure): AttemptFailure {
  return failure.status === 413 ? { ...failure, code: "payload_too_large", elsewhere: true } : failure;
}

function secondsOf(wait: number | undefined): string | undefined {
  return wait === undefined ? undefined : String(wait);
}
