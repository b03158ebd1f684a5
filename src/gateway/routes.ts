import type { FastifyReply, FastifyRequest } from "fastify";
import type { Operation } from "../core/wire.ts";
import type { ClientDialect } from "./dialects/dialect.ts";

/**
 * Who may call a route. Every route says so; one that does not cannot be registered.
 * - `public`: anybody; nothing behind it is anybody's
 * - `client-key`: a client's key
 * - `admin`: the control API's bearer token
 */
export const AUTHORISATIONS = ["public", "client-key", "admin"] as const;
export type Authorisation = (typeof AUTHORISATIONS)[number];

/** Model ids and ARNs stand in paths, and are as long as that. */
export const MAX_PARAM_LENGTH = 2_048;

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
  readonly exchange: { readonly dialect: ClientDialect; readonly operation: Operation };
}

/** A route with a handler of its own; what it returns is sent. */
export interface PlainRoute extends RouteBase {
  readonly handler: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

export type Route = ExchangeRoute | PlainRoute;
