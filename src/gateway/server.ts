import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from "fastify";
import type http from "node:http";
import { AppError, asAppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { brief } from "../core/text.ts";
import { onClientError } from "./client-error.ts";
import { checkControl, type Lock } from "./control-lock.ts";
import { senderOf } from "./credentials.ts";
import type { Exchange } from "./exchange.ts";
import { FrontDoor, type FrontDoorOptions } from "./front-door.ts";
import type { Gateway } from "./gateway.ts";
import { anthropic } from "./dialects/anthropic/index.ts";
import { bedrock } from "./dialects/bedrock/index.ts";
import type { ClientDialect } from "./dialects/dialect.ts";
import { openAi } from "./dialects/openai/index.ts";
import { problemOf } from "./problem.ts";
import { readBody } from "./read-body.ts";
import {
  AUTHORISATIONS,
  MAX_PARAM_LENGTH,
  type ExchangeKind,
  type ExchangeRoute,
  type Route,
} from "./routes.ts";

export interface ServerParts extends Lock {
  readonly gateway: Gateway;
  readonly routes: readonly Route[];
  readonly frontDoor: FrontDoorOptions;
  readonly onBug: (error: unknown, exchangeId: string) => void;
}

export interface HttpServer {
  readonly app: FastifyInstance;
  readonly frontDoor: FrontDoor;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The exchange that a request of an exchange route is. */
    exchange: Exchange | null;
  }
  interface FastifyContextConfig {
    route?: Route;
  }
}

/** Puts routes behind one front door. The authorisation that a route declares is checked here, before its body is read. */
export function createServer(parts: ServerParts): HttpServer {
  let frontDoor: FrontDoor | undefined;
  const app = fastify({
    serverFactory: (handler) => {
      frontDoor = new FrontDoor(handler, onClientError, parts.frontDoor);
      return frontDoor.server as http.Server;
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    bodyLimit: Number.MAX_SAFE_INTEGER,
    logger: false,
    exposeHeadRoutes: false,
    forceCloseConnections: false,
    genReqId: () => "",
    frameworkErrors: (error, request, reply) =>
      sendError(
        parts,
        request as FastifyRequest,
        reply as FastifyReply,
        new AppError("invalid_request", error.message),
      ),
  });
  app.decorateRequest("exchange", null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => {
    const limit = parts.gateway.snapshot.config.server.bodyLimit;
    readBody(payload, limit, done);
  });
  // A route whose authorisation nobody decided must not exist.
  app.addHook("onRoute", (options) => {
    const authorisation: unknown = options.config?.route?.authorisation;
    if (!AUTHORISATIONS.some((known) => known === authorisation)) {
      throw new Error(`the route ${options.url} declares no authorisation`);
    }
  });
  app.addHook("onRequest", (request, reply, done) => authorise(parts, request, reply, done));
  app.setErrorHandler((error, request, reply) => sendError(parts, request, reply, error));
  app.setNotFoundHandler((request, reply) =>
    sendError(parts, request, reply, notFound(parts.routes, request)),
  );
  for (const route of parts.routes) {
    app.route({
      method: route.method,
      url: route.url,
      config: { route },
      handler: "handler" in route ? route.handler : (request, reply) => serveExchange(parts, request, reply),
    });
  }
  if (frontDoor === undefined) throw new Error("fastify made no server");
  return { app, frontDoor };
}

function authorise(
  parts: ServerParts,
  request: FastifyRequest,
  reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  const { route } = request.routeOptions.config;
  // Nothing is there: said before the body comes, not after.
  if (route === undefined) return sendError(parts, request, reply, notFound(parts.routes, request));
  if ("exchange" in route) return admit(parts, route, request, reply, done);
  try {
    checkControl(parts, route, request);
    // What a credential opened is nobody else's.
    if (route.authorisation !== "public") void reply.header("cache-control", "no-store");
    if (route.authorisation === "client-key") {
      senderOf(request.raw, parts.gateway.keys, parts.gateway.clock.now());
    }
    done();
  } catch (error) {
    done(error as Error);
  }
}

function admit(
  parts: ServerParts,
  route: ExchangeRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  done: () => void,
): void {
  const { gateway } = parts;
  const kind =
    typeof route.exchange === "function" ? kindOf(parts, route.exchange, request, reply) : route.exchange;
  if (kind === undefined) return;
  const exchange = gateway.open(kind, request.raw);
  request.exchange = exchange;
  try {
    gateway.admit(exchange, request.raw);
  } catch (error) {
    reply.hijack();
    gateway.refuse(exchange, reply.raw, error);
    return;
  }
  done();
}

/** What the address asks for; undefined where it asks for nothing there is, and that was said. */
function kindOf(
  parts: ServerParts,
  read: (url: string) => ExchangeKind,
  request: FastifyRequest,
  reply: FastifyReply,
): ExchangeKind | undefined {
  try {
    return read(request.raw.url ?? "");
  } catch (error) {
    sendError(parts, request, reply, error);
    return undefined;
  }
}

function serveExchange(parts: ServerParts, request: FastifyRequest, reply: FastifyReply): void {
  const { exchange } = request;
  if (exchange === null) throw new Error("an exchange route was reached without an exchange");
  reply.hijack();
  exchange.body = (request.body as Buffer | undefined) ?? exchange.body;
  parts.gateway.serve(exchange, reply.raw);
}

/** One way out for every refusal: in the address's dialect, the control API as problem+json, the rest as OpenAI errors. */
function sendError(parts: ServerParts, request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const error = ofFramework(thrown) ?? asAppError(thrown);
  if (request.exchange !== null && request.exchange !== undefined) {
    reply.hijack();
    parts.gateway.refuse(request.exchange, reply.raw, error);
    return;
  }
  const id = newId(parts.gateway.clock.now());
  if (error.code === "internal") parts.onBug(error.cause ?? error, id);
  const isControl =
    request.routeOptions?.config?.route?.plane === "control" || request.url.startsWith("/api");
  const dialect = dialectAt(request.url);
  const answer = isControl ? problemOf(error, id) : dialect.errorReply(error, id);
  void reply
    .code(answer.status)
    .headers({ ...answer.headers, "x-switchyard-exchange": id, "cache-control": "no-store" })
    .send(answer.body);
}

/** What fastify itself finds wrong with a request: a method or media type that it does not take. */
function ofFramework(thrown: unknown): AppError | undefined {
  const { code, statusCode, message } = thrown as Partial<FastifyError>;
  const isTheirs =
    typeof code === "string" && code.startsWith("FST_") && statusCode !== undefined && statusCode < 500;
  return isTheirs
    ? new AppError("invalid_request", message ?? "the request is not one that this server takes")
    : undefined;
}

function notFound(routes: readonly Route[], request: FastifyRequest): AppError {
  const path = request.url.split("?")[0] ?? "";
  const methods = routes.filter((route) => route.url === path).map((route) => route.method);
  if (methods.length > 0)
    return new AppError("not_found", `${path} takes ${methods.join(" and ")}, not ${request.method}`);
  if (COMING.some((start) => path.startsWith(start)))
    return new AppError("not_found", `${path} is not available yet`);
  return new AppError("not_found", `there is nothing at ${brief(path)}`);
}

/** What SDKs other than OpenAI's call, and read errors of in their own form. */
const ADDRESSES: readonly (readonly [string, ClientDialect])[] = [
  ["/model/", bedrock],
  ["/guardrail", bedrock],
  ["/async-invoke", bedrock],
  ["/anthropic/", anthropic],
  ["/v1/messages", anthropic],
];

function dialectAt(url: string): ClientDialect {
  return ADDRESSES.find(([start]) => url.startsWith(start))?.[1] ?? openAi;
}

/** Endpoints that clients know from elsewhere and will look for. */
const COMING = [
  "/guardrail",
  "/async-invoke",
  "/v1/files",
  "/v1/batches",
  "/v1/feedback",
  "/api/budgets",
  "/api/pools",
  "/api/prices",
  "/api/tokens",
];
