import assert from "node:assert/strict";
import os from "node:os";
import test from "node:test";
import { apiRoutes } from "../../src/control/api-routes.ts";
import type { Handlers } from "../../src/control/handlers.ts";
import { liveRoutes } from "../../src/control/live.ts";
import { metricsRoute } from "../../src/control/metrics-route.ts";
import { pageRoutes } from "../../src/control/page.ts";
import { clientRoutes } from "../../src/gateway/client-routes.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import type { PlainRoute, Route } from "../../src/gateway/routes.ts";
import { createServer } from "../../src/gateway/server.ts";
import { Metrics } from "../../src/telemetry/metrics.ts";
import { LiveFeed } from "../../src/telemetry/live-feed.ts";
import { startProcess } from "../support/process.ts";
import { startGateway, targetsOn } from "../support/gateway.ts";
import { connectHttp2 } from "./http2-client.ts";
import { assertErrorBody, HELLO } from "./support.ts";

/** What is behind the control API: only whether it is reached matters here. */
const REACHED = new Proxy({} as Handlers, { get: () => () => ({ rows: [] }) });

/** Every route, put together as app.ts does it. */
function allRoutes(gateway: Gateway): Route[] {
  return [
    ...clientRoutes(gateway),
    ...pageRoutes(gateway, () => "http://localhost"),
    ...apiRoutes(REACHED, "0"),
    ...liveRoutes(new LiveFeed()),
    metricsRoute(new Metrics(), false),
  ];
}

const YAML = targetsOn("http://127.0.0.1:9/v1", ["fine"]);
const start = (): ReturnType<typeof startGateway> => startGateway(YAML, { routes: allRoutes });

/** A path that the route takes. */
const pathOf = (route: Route): string =>
  route.url
    .replace(":id", "00000000-0000-7000-8000-000000000000")
    .replace("*", route.url.startsWith("/model/") ? "m/converse" : "x");

function call(url: string, route: Route, headers: Record<string, string>): Promise<Response> {
  return fetch(url + pathOf(route), {
    method: route.method,
    headers: { "content-type": "application/json", ...headers },
    ...(route.method === "POST" && { body: JSON.stringify(HELLO) }),
  });
}

/** Reads an answer, or lets go of one that has no end. */
async function finish(response: Response): Promise<void> {
  const isEndless = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
  await (isEndless ? response.body?.cancel() : response.arrayBuffer());
}

/** What AWS answers to a stranger is 403. */
function refusalOf({ url }: Route): number {
  return url.startsWith("/model/") ? 403 : 401;
}

/** What nobody's credential looks like. */
const WRONG: readonly Record<string, string>[] = [
  {},
  { authorization: "Bearer wrong" },
  { authorization: "Bearer " },
  { authorization: "Basic YWRtaW46YWRtaW4=" },
  { authorization: "admin" },
  { "x-api-key": "wrong" },
  { "api-key": "wrong" },
  { cookie: "token=admin" },
  { "x-admin-token": "admin" },
];

test("every route says who may call it, and all but the public ones refuse anybody else", async () => {
  await using gateway = await start();
  const routes = allRoutes(gateway.gateway);
  assert.ok(routes.length >= 16);
  for (const route of routes) {
    const what = `${route.method} ${route.url}`;
    assert.ok(["public", "client-key", "admin"].includes(route.authorisation), what);
    for (const headers of WRONG) {
      const response = await call(gateway.url, route, headers);
      await finish(response);
      if (route.authorisation === "public") assert.ok(response.status < 401 || response.status === 404, what);
      else assert.equal(response.status, refusalOf(route), `${what} with ${JSON.stringify(headers)}`);
    }
  }
  assert.deepEqual(gateway.bugs, []);
});

test("a client's key opens no control route, and the admin token no client route", async () => {
  await using gateway = await start();
  const carriers = (value: string): Record<string, string>[] => [
    { authorization: `Bearer ${value}` },
    { "x-api-key": value },
    { "api-key": value },
    { authorization: `Bearer ${value}`, "x-api-key": value },
  ];
  for (const route of allRoutes(gateway.gateway)) {
    if (route.authorisation === "public") continue;
    const what = `${route.method} ${route.url}`;
    const [own, foreign] = route.authorisation === "admin" ? ["admin", gateway.key] : [gateway.key, "admin"];
    for (const headers of carriers(foreign)) {
      const response = await call(gateway.url, route, headers);
      await response.arrayBuffer();
      assert.equal(response.status, refusalOf(route), what);
    }
    const opened = await call(gateway.url, route, { authorization: `Bearer ${own}` });
    await finish(opened);
    assert.notEqual(opened.status, refusalOf(route), what);
  }
});

test("the admin token is taken as a bearer token only", async () => {
  await using gateway = await start();
  for (const headers of [
    { "x-api-key": "admin" },
    { authorization: "admin" },
    { authorization: "Basic admin" },
    { authorization: "Bearer admin, Bearer admin" },
    { cookie: "authorization=Bearer admin" },
  ] as Record<string, string>[]) {
    assert.equal((await fetch(`${gateway.url}/api/config`, { headers })).status, 401);
  }
  assert.equal((await fetch(`${gateway.url}/api/config?token=admin`)).status, 401);
});

test("HTTP/2 finds the same locks", async () => {
  await using gateway = await start();
  await using client = connectHttp2(gateway.port);
  for (const route of allRoutes(gateway.gateway)) {
    if (route.authorisation === "public") continue;
    const wrong = route.authorisation === "admin" ? gateway.key : "admin";
    const reply = await client.request({
      ":method": route.method,
      ":path": pathOf(route),
      authorization: `Bearer ${wrong}`,
    });
    assert.equal(reply.status, refusalOf(route), `${route.method} ${route.url}`);
  }
});

test("a refusal of the control API is a problem document, one of the gateway an OpenAI error", async () => {
  await using gateway = await start();
  const control = await fetch(`${gateway.url}/api/keys`);
  assert.match(control.headers.get("content-type") ?? "", /^application\/problem\+json/);
  const problem = (await control.json()) as { status: number; code: string; instance: string };
  assert.equal(problem.status, 401);
  assert.equal(problem.code, "unauthenticated");
  assert.equal(problem.instance, control.headers.get("x-switchyard-exchange"));
  assertErrorBody(await (await fetch(`${gateway.url}/v1/models`)).text(), "unauthenticated", /no key/);
});

test("a refused body of the control API is the caller's fault and says so", async () => {
  await using gateway = await start();
  for (const body of ["", "x", "[", "\u0000"]) {
    const response = await fetch(`${gateway.url}/api/keys`, {
      method: "POST",
      headers: { authorization: "Bearer admin", "content-type": "application/json" },
      body,
    });
    assert.equal(response.status, 400, JSON.stringify(body));
    assert.equal(((await response.json()) as { code: string }).code, "invalid_request");
  }
  assert.deepEqual(gateway.bugs, []);
});

test("no cache may keep what a credential opened, nor a refusal", async () => {
  await using gateway = await start();
  for (const route of allRoutes(gateway.gateway)) {
    if (route.authorisation === "public") continue;
    const good = route.authorisation === "admin" ? "admin" : gateway.key;
    for (const token of [good, "wrong"]) {
      const response = await call(gateway.url, route, { authorization: `Bearer ${token}` });
      await finish(response);
      const what = `${route.method} ${route.url}: ${response.status}`;
      assert.match(response.headers.get("cache-control") ?? "", /no-store/, what);
    }
  }
});

/** A server without listening; only its making matters. */
async function make(routes: readonly Route[]): Promise<void> {
  await using gateway = await startGateway(YAML);
  const { app } = createServer({
    gateway: gateway.gateway,
    routes,
    frontDoor: { headersTimeout: 1_000, requestTimeout: 1_000, keepAliveTimeout: 1_000, tls: undefined },
    isAdmin: () => false,
    controlEverywhere: true,
    onBug: () => {},
  });
  await app.close();
}

test("a server with a route that declares no authorisation, or one that nobody knows, is not made", async () => {
  const route: PlainRoute = {
    method: "GET",
    url: "/open",
    authorisation: "public",
    plane: "gateway",
    summary: "",
    handler: () => "secret",
  };
  await make([route]);
  const { authorisation: _, ...undeclared } = route;
  for (const wrong of [
    undeclared,
    { ...route, authorisation: undefined },
    { ...route, authorisation: "anyone" },
  ]) {
    await assert.rejects(make([wrong as unknown as Route]), /authorisation/);
  }
});

test("a document's path leads nowhere but to documents", async () => {
  await using gateway = await start();
  const paths = [
    "guides/../../package.json",
    "..%2f..%2fpackage.json",
    "%2e%2e/package.json",
    "guides/%2e%2e/%2e%2e/README.md",
  ];
  paths.push(
    "guides/..%5c..%5cpackage.json",
    "/etc/hosts",
    "file:///etc/hosts",
    "guides/a%00.md",
    "guides/",
    "reference",
  );
  for (const wanted of paths) {
    const response = await fetch(`${gateway.url}/docs/${wanted}`);
    assert.equal(response.status, 404, wanted);
    assert.doesNotMatch(await response.text(), /"version"|localhost/);
  }
});

const outside = Object.values(os.networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

test(
  "from another address than loopback the control plane is not there, even with its token",
  { skip: outside === undefined && "this machine has no address but loopback" },
  async () => {
    await using server = await startProcess({ args: ["--host", "0.0.0.0"] });
    const there = `http://${outside}:${server.port}`;
    const headers = { authorization: `Bearer ${server.adminToken}` };
    for (const route of ["/api/config", "/api/keys", "/metrics", "/", "/docs", "/api/exchanges"]) {
      const local = await fetch(server.url + route, { headers });
      assert.equal(local.status, 200, route);
      await local.arrayBuffer();
      for (const spoof of [
        {},
        { host: "localhost" },
        { "x-forwarded-for": "127.0.0.1", "x-real-ip": "::1" },
      ]) {
        const response = await fetch(there + route, { headers: { ...headers, ...spoof } });
        assert.equal(response.status, 404, route);
        assert.match(await response.text(), /loopback only/);
      }
    }
    assert.equal((await fetch(`${there}/healthz`)).status, 200);
    const key = await server.key({ tenant: "demo" });
    assert.equal((await fetch(`${there}/v1/models`, { headers: { "x-api-key": key } })).status, 200);
  },
);
