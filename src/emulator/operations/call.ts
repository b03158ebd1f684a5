import type { Identity } from "../auth/identity.ts";
import { ServiceError, invalid } from "../service-error.ts";
import type { Json } from "../json.ts";
import type { State } from "../state.ts";
import type { Reply } from "../transport/reply.ts";
import type { WireRequest } from "../transport/wire-request.ts";
import type { Route } from "./route.ts";

/** One request on its way through an operation. */
export interface Call {
  readonly state: State;
  readonly request: WireRequest;
  readonly route: Route;
  readonly identity: Identity;
  readonly startedMs: number;
}

export interface Outcome {
  readonly reply: Reply;
  /** Called when the reply is out: a reservation is settled then. */
  settle?: (this: void) => void;
}

/** Milliseconds since the request came; at least 1, as the service never says 0. */
export function latencyOf({ state, startedMs }: Call): number {
  return Math.max(1, Math.round(state.clock.monotonic() - startedMs));
}

/** @throws ServiceError where the body is no JSON */
export function jsonBody({ body }: WireRequest): Json {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString()) as Json;
  } catch {
    throw new ServiceError(
      "SerializationException",
      "Unexpected end of input or malformed JSON in the request body",
    );
  }
}

/** InvokeModel's body belongs to the model; the service looks only whether it is a JSON object. */
export function modelBody(body: Buffer): { readonly [key: string]: Json | undefined } {
  let read: unknown;
  try {
    read = JSON.parse(body.toString());
  } catch {
    throw invalid("Malformed input request, please reformat your input and try again.");
  }
  if (typeof read !== "object" || read === null || Array.isArray(read))
    throw invalid(
      "Malformed input request: expected type: JSONObject, please reformat your input and try again.",
    );
  return read as { readonly [key: string]: Json | undefined };
}

export function jsonReply(body: Json, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}
