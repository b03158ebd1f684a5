import { randomUUID } from "node:crypto";
import type http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { authenticate } from "./auth/authenticate.ts";
import type { Identity } from "./auth/identity.ts";
import { controlReply } from "./control-endpoints.ts";
import { errorReply, scriptedError } from "./error-reply.ts";
import { breakStream } from "./faults/break-stream.ts";
import type { Mishap } from "./faults/fault-plan.ts";
import { baseModel } from "./models/resolve.ts";
import type { Call, Outcome } from "./operations/call.ts";
import { routeOf, type Route } from "./operations/route.ts";
import { HANDLERS } from "./operations/table.ts";
import type { Received } from "./received.ts";
import { ServiceError } from "./service-error.ts";
import type { State } from "./state.ts";
import { subjectOf, type Subject } from "./subject.ts";
import { breakOff, sendReply } from "./transport/reply.ts";
import { readRequest, type WireRequest } from "./transport/wire-request.ts";

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
  const subject = subjectOf(route, request);
  const received = state.received.add(seen(state, request, route, subject, identity));
  const requestId = randomUUID();
  response.once("close", () => (received.leftEarly = !response.writableFinished));
  const mishap = strike(state, request, route, subject, identity);
  if (!(await isStillThere(response, mishap.delayMs))) return;
  if (isLost(mishap, subject)) {
    if (mishap.fault?.kind === "reset") breakOff(response);
    return;
  }
  const outcome = answer({ state, request, route, identity, startedMs }, refusal, mishap, requestId);
  received.status = outcome.reply.status;
  received.error = outcome.reply.error ?? outcome.reply.headers["x-amzn-errortype"]?.split(":")[0];
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
    if (fault?.kind === "error") return { reply: scriptedError(fault, route.operation, requestId) };
    const replayed = attempt.state.replay?.replyTo(attempt.request);
    const outcome =
      replayed === undefined
        ? HANDLERS[route.operation]({ ...attempt, route, identity })
        : { reply: replayed };
    const { body } = outcome.reply;
    if (fault === undefined || typeof body === "string" || Buffer.isBuffer(body)) return outcome;
    return { ...outcome, reply: breakStream(outcome.reply, body, fault) };
  } catch (error) {
    return { reply: errorReply(asServiceError(error), route.operation, requestId) };
  }
}

/** A fault of this emulator's own looks like one of the service's; what it was stands on stderr. */
function asServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  process.stderr.write(`the emulator failed: ${(error as Error).stack ?? String(error)}\n`);
  return new ServiceError("InternalServerException", "The emulator failed; its own log tells why.");
}

/** Waits, but not for a client that has left. */
async function isStillThere(response: http.ServerResponse, delayMs: number): Promise<boolean> {
  if (delayMs === 0) return true;
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once("close", onClose);
  try {
    await sleep(delayMs, undefined, { signal: gone.signal });
    return true;
  } catch {
    return false;
  } finally {
    response.off("close", onClose);
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
  { model }: Subject,
  identity: Identity | undefined,
): Omit<Received, "number" | "status" | "error" | "leftEarly"> {
  return {
    at: new Date(clock.now()).toISOString(),
    method: request.method,
    path: request.url,
    httpVersion: request.httpVersion,
    operation: route?.operation,
    model,
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

function strike(
  { faults, profiles }: State,
  { body }: WireRequest,
  route: Route | undefined,
  { model: asked = "", streams }: Subject,
  identity: Identity | undefined,
): Mishap {
  if (route === undefined) return { delayMs: 0, pace: {}, fault: undefined };
  const profile = profiles.find(({ arn }) => arn === asked);
  const model = baseModel(profile?.models[0] ?? asked);
  return faults.strike({
    operation: route.operation,
    streams,
    models: [asked, model?.id ?? asked],
    accessKeyId: identity?.accessKeyId,
    body,
  });
}

/** Whether a request is never answered at all: the fault strikes in place of the reply, not within a stream. */
function isLost({ fault }: Mishap, { streams }: Subject): boolean {
  if (fault?.kind !== "hang" && fault?.kind !== "reset") return false;
  return !streams || fault.afterFrames === undefined;
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
