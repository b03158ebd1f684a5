import type { FastifyReply, FastifyRequest } from "fastify";
import type { Operation } from "../core/wire.ts";
import type { ClientDialect, RequestAddress } from "./dialects/dialect.ts";

/**
 * Who may call a route. Every route says so; one that does not cannot be registered.
 * - `public`: anybody; nothing behind it is anybody's
 * - `client-key`: a client's key
 * - `admin`: the control API's bearer token
 */
export const AUTHORISATIONS = ["public", "client-key", "admin"] as const;
export type Authorisation = (typeof AUTHORISATIONS)[number];

/** Model ids and ARNs stand in paths, and are as long as that; encoded, each character may be three. */
export const MAX_MODEL_LENGTH = 2_048;
export const MAX_PARAM_LENGTH = 3 * MAX_MODEL_LENGTH + 64;

export interface RouteBase {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly authorisation: Authorisation;
  /** `gateway` is served to clients; `control` on loopback, or on its own listener. */
  readonly plane: "gateway" | "control";
  /** One line for the generated reference. */
  readonly summary: string;
}

/** A route that serves exchanges: the pipeline does the rest. */
export interface ExchangeRoute extends RouteBase {
  readonly exchange: ExchangeKind | ((url: string) => ExchangeKind);
}

/** What is asked for; a dialect that says it in the address reads it there, and throws an AppError where it says nothing. */
export interface ExchangeKind {
  readonly dialect: ClientDialect;
  readonly operation: Operation;
  readonly address: RequestAddress;
}

export const NO_ADDRESS: RequestAddress = Object.freeze({});

/** A route with a handler of its own; what it returns is sent. */
export interface PlainRoute extends RouteBase {
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

export type Route = ExchangeRoute | PlainRoute;
