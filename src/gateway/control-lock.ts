import type http from "node:http";
import type { FastifyRequest } from "fastify";
import { AppError } from "../core/errors.ts";
import { bearerToken } from "./credentials.ts";
import type { PlainRoute } from "./routes.ts";

export interface Lock {
  /** Whether a bearer token is the control API's. Constant in time. */
  readonly isAdmin: (token: string) => boolean;
  /** Whether routes of the control plane are served to other hosts too: on a listener of their own. */
  readonly controlEverywhere: boolean;
}

/** @throws AppError not_found or unauthenticated where a route of the control plane is not for this caller */
export function checkControl(lock: Lock, route: PlainRoute, request: FastifyRequest): void {
  if (route.plane === "control" && !lock.controlEverywhere && !isLoopback(request.raw)) {
    throw new AppError(
      "not_found",
      "the control plane is served on loopback only; set server.control.listen to serve it elsewhere",
    );
  }
  if (route.authorisation === "admin" && !lock.isAdmin(bearerToken(request.headers.authorization) ?? "")) {
    throw new AppError(
      "unauthenticated",
      "this needs the control API's token: authorization: Bearer <content of admin.token>",
    );
  }
}

function isLoopback(request: http.IncomingMessage): boolean {
  const { remoteAddress = "", localAddress = "" } = request.socket;
  return LOOPBACK.test(remoteAddress) && LOOPBACK.test(localAddress);
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
