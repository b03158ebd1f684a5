import { randomUUID } from "node:crypto";
import type http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { authenticate } from "./auth/authenticate.ts";
import { stsErrorXml } from "./auth/assume-role.ts";
import type { Identity } from "./auth/identity.ts";
import { controlReply } from "./control-endpoints.ts";
import { breakStream } from "./faults/break-stream.ts";
import type { Mishap } from "./faults/fault-plan.ts";
import type { FaultOf } from "./faults/fault.ts";
import { baseModel } from "./models/resolve.ts";
import type { Call, Outcome } from "./operations/call.ts";
import { isStream, routeOf, type Route } from "./operations/route.ts";
import { HANDLERS } from "./operations/table.ts";
import type { Received } from "./received.ts";
import { EXCEPTIONS, ServiceError } from "./service-error.ts";
import type { State } from "./state.ts";
import { breakOff, sendReply, type Reply } from "./transport/reply.ts";
import { readRequest, type WireRequest } from "./transport/wire-request.ts";

/** The service appends this to every type of error. */
const ERROR_SUFFIX = ":http://internal.amazon.com/coral/com.amazon.bedrock/";
/** What an unknown path gets, with status 200: so the service answers an ARN whose `/` was not escaped. */
const UNKNOWN_OPERATION =
  '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}';

/** One request from its first byte to the last of its reply. */
export async function serve(
  state: State,
  incoming: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const startedMs = state.clock.monotonic();
  const request = await readRequest(incoming);
  if (request === undefined) return breakOff(response);
  if (request.segments[0] === "_emulator") return sendReply(response, controlReply(state, request), AT_ONCE);
  const route = routeOf(request);
  const { identity, refusal } = identify(state, request, route);
  const received = state.received.add(seen(state, request, route, identity));
  const requestId = randomUUID();
  const mishap = strike(state, route, identity);
  if (mishap.delayMs > 0) await sleep(mishap.delayMs);
  if (mishap.fault?.kind === "hang" && !streamed(route, mishap)) return;
  if (mishap.fault?.kind === "reset" && !streamed(route, mishap)) return breakOff(response);
  const outcome = answer({ state, request, route, identity, startedMs }, refusal, mishap, requestId);
  received.status = outcome.reply.status;
  received.error = outcome.reply.headers["x-amzn-errortype"]?.split(":")[0];
  const pace = { ...state.script.latency, ...definedPace(mishap.pace) };
  const reply = { ...outcome.reply, headers: { ...outcome.reply.headers, "x-amzn-requestid": requestId } };
  try {
    await sendReply(response, reply, reply.status === 200 ? pace : AT_ONCE);
  } finally {
    outcome.settle?.();
  }
}

const AT_ONCE = { firstTokenMs: 0, tokensPerSecond: 0, jitter: 0 };

interface Attempt extends Omit<Call, "route" | "identity"> {
  readonly route: Route | undefined;
  readonly identity: Identity | undefined;
}

function answer(
  attempt: Attempt,
  refusal: ServiceError | undefined,
  { fault }: Mishap,
  requestId: string,
): Outcome {
  const { route, identity } = attempt;
  if (route === undefined)
    return {
      reply: { status: 200, headers: { "content-type": "application/json" }, body: UNKNOWN_OPERATION },
    };
  try {
    if (refusal !== undefined) throw refusal;
    if (identity === undefined) throw new ServiceError("InternalServerException", "no identity");
    if (fault?.kind === "error") return { reply: scriptedError(fault) };
    const outcome = HANDLERS[route.operation]({ ...attempt, route, identity });
    const { body } = outcome.reply;
    if (fault === undefined || typeof body === "string" || Buffer.isBuffer(body)) return outcome;
    return { ...outcome, reply: breakStream(outcome.reply, body, fault) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { reply: route.operation === "AssumeRole" ? stsError(error, requestId) : errorReply(error) };
  }
}

function identify(
  { keyring, clock }: State,
  request: WireRequest,
  route: Route | undefined,
): { readonly identity?: Identity; readonly refusal?: ServiceError } {
  try {
    const service = route?.operation === "AssumeRole" ? "sts" : "bedrock";
    return { identity: authenticate(request, service, keyring, clock.now()) };
  } catch (error) {
    if (error instanceof ServiceError) return { refusal: error };
    throw error;
  }
}

function seen(
  { clock }: State,
  request: WireRequest,
  route: Route | undefined,
  identity: Identity | undefined,
): Omit<Received, "number" | "status" | "error"> {
  return {
    at: new Date(clock.now()).toISOString(),
    method: request.method,
    path: request.url,
    httpVersion: request.httpVersion,
    operation: route?.operation,
    model: modelOf(route),
    headers: Object.keys(request.headers).sort(),
    signedBy:
      identity === undefined
        ? undefined
        : {
            kind: identity.kind,
            accessKeyId: identity.accessKeyId,
            region: identity.region,
            sessionName: identity.sessionName,
          },
    sessionTags: identity?.tags ?? {},
    body: request.body.toString(),
  };
}

function modelOf(route: Route | undefined): string | undefined {
  return route !== undefined && route.parameters.length === 1 ? route.parameters[0] : undefined;
}

function strike(
  { faults, profiles }: State,
  route: Route | undefined,
  identity: Identity | undefined,
): Mishap {
  if (route === undefined) return { delayMs: 0, pace: {}, fault: undefined };
  const asked = modelOf(route) ?? "";
  const profile = profiles.find(({ arn }) => arn === asked);
  const model = baseModel(profile?.models[0] ?? asked);
  return faults.strike({
    operation: route.operation,
    streams: isStream(route.operation),
    models: [asked, model?.id ?? asked],
    accessKeyId: identity?.accessKeyId,
  });
}

/** Whether the fault strikes within a stream, not in place of the reply. */
function streamed(route: Route | undefined, { fault }: Mishap): boolean {
  const inStream = fault?.kind === "hang" || fault?.kind === "reset" ? fault.afterFrames : undefined;
  return inStream !== undefined && route !== undefined && isStream(route.operation);
}

function definedPace({
  firstTokenMs,
  tokensPerSecond,
  jitter,
}: Mishap["pace"]): Partial<State["script"]["latency"]> {
  return {
    ...(firstTokenMs !== undefined && { firstTokenMs }),
    ...(tokensPerSecond !== undefined && { tokensPerSecond }),
    ...(jitter !== undefined && { jitter }),
  };
}

export function errorReply(error: ServiceError): Reply {
  return {
    status: error.status,
    headers: {
      "content-type": "application/json",
      "x-amzn-errortype": `${error.type}${ERROR_SUFFIX}`,
      ...error.headers,
    },
    body: JSON.stringify({ ...error.members, message: error.message }),
  };
}

function stsError(error: ServiceError, requestId: string): Reply {
  return {
    status: error.status,
    headers: { "content-type": "text/xml" },
    body: stsErrorXml(error, requestId),
  };
}

function scriptedError(fault: FaultOf<"error">): Reply {
  const { exception, retryAfterSeconds } = fault;
  const known = exception === undefined ? undefined : EXCEPTIONS[exception as keyof typeof EXCEPTIONS];
  const status = fault.status ?? known ?? 500;
  const headers: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) };
  if (exception === undefined)
    return { status, headers: { "content-type": "text/html", ...headers }, body: `<html>${status}</html>` };
  return {
    status,
    headers: {
      "content-type": "application/json",
      "x-amzn-errortype": `${exception}${ERROR_SUFFIX}`,
      ...headers,
    },
    body: JSON.stringify({ ...fault.members, message: fault.message ?? MESSAGES[exception] ?? exception }),
  };
}

/** What the service says with an error, where a script says nothing. */
const MESSAGES: Readonly<Record<string, string>> = {
  ThrottlingException: "Too many requests, please wait before trying again.",
  InternalServerException:
    "The system encountered an unexpected error during processing. Try your request again.",
  ServiceUnavailableException: "Bedrock is unable to process your request.",
  ModelTimeoutException: "Model has timed out in processing the request. Try your request again.",
  ModelNotReadyException: "Model is not ready for inference. Please try again later.",
  ModelErrorException:
    "The system encountered an unexpected error during processing. Try your request again.",
  AccessDeniedException: "You don't have access to the model with the specified model ID.",
  ResourceNotFoundException: "Could not resolve the foundation model from the provided model identifier.",
  ServiceQuotaExceededException: "Your request exceeds the service quota for your account.",
  ValidationException: "The provided request is not valid.",
};
