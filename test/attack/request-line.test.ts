import assert from "node:assert/strict";
import test from "node:test";
import { clientRoutes } from "../../src/gateway/client-routes.ts";
import type { Route } from "../../src/gateway/routes.ts";
import { PLAIN } from "../support/engine.ts";
import { startGateway, targetsOn, type TestGateway } from "../support/gateway.ts";
import { connectHttp2 } from "./http2-client.ts";
import {
  ask,
  assertAlive,
  assertErrorBody,
  chatText,
  exchangeBytes,
  HELLO,
  parseReplies,
  requestText,
  startPair,
} from "./support.ts";

const CANARY = "canary-of-the-control-plane";
const guarded: Route = {
  method: "GET",
  url: "/api/guarded",
  authorisation: "admin",
  plane: "control",
  summary: "A route that only the admin token opens.",
  handler: () => ({ canary: CANARY }),
};

/** A gateway with the client routes and one for administrators; no engine behind it. */
function startGuarded(): Promise<TestGateway> {
  return startGateway(targetsOn("http://127.0.0.1:9/v1", ["fine"]), {
    routes: (gateway) => [...clientRoutes(gateway), guarded],
  });
}

/** Spellings that one reader may take for the path and another not; PATH is put in for what they aim at. */
const SPELLINGS: readonly string[] = [
  "/PATH",
  "//PATH",
  "///PATH",
  "/./PATH",
  "/x/../PATH",
  "/v1/../PATH",
  "/v1/models/../../PATH",
  "/healthz/../PATH",
  "/healthz/..;/PATH",
  "/healthz;/../PATH",
  "/v1/%2e%2e/PATH",
  "/v1/%2E%2E/PATH",
  "/v1/..%2fPATH",
  "/v1/models/..%2f..%2fPATH",
  "/%2e/PATH",
  "/%2fPATH",
  "/%5cPATH",
  "/\\PATH",
  "\\PATH",
  "PATH",
  "/PATH/",
  "/PATH//",
  "/PATH/.",
  "/PATH;",
  "/PATH;x=1",
  "/PATH%00",
  "/PATH%20",
  "/PATH%0a",
  "/PATH%23",
  "/PATH%3f",
  "/PATH?",
  "/PATH?key=sy-1&admin=1",
  "/PATH#",
  "/PATH#/healthz",
  "/healthz?/PATH",
  "/healthz#/PATH",
  "/healthz%3f/PATH",
  "http://localhost/PATH",
  "http://localhost//PATH",
  "http://user:password@localhost/PATH",
  "http://evil.example/PATH",
  "https://localhost/PATH",
  "ftp://localhost/PATH",
  "http:/PATH",
  "http:///PATH",
  "javascript:/PATH",
  "*",
  "/*",
  "/PATH\u00e9",
  "/%c0%af/PATH",
  "/%zz/PATH",
  "/%",
];

const recased = (path: string): string[] => [
  path.toUpperCase(),
  path.replace("/", "/%"),
  encodeURIComponent(path),
];

test("however the path of a control route is spelt, only the admin token opens it", async () => {
  await using gateway = await startGuarded();
  const paths = SPELLINGS.flatMap((spelling) => [
    spelling.replace("PATH", () => "api/guarded"),
    ...recased("api/guarded").map((path) => spelling.replace("PATH", () => path)),
  ]);
  const credentials = [{}, { authorization: `Bearer ${gateway.key}` }, { "x-api-key": gateway.key }];
  for (const path of paths) {
    for (const headers of credentials) {
      const reply = await ask(gateway.port, `GET ${path} HTTP/1.1`, headers);
      assert.ok(!reply.body.includes(CANARY), path);
      assert.ok([200, 400, 401, 404].includes(reply.status), `${path} is answered ${reply.status}`);
    }
  }
  const admin = await ask(gateway.port, "GET /api/guarded HTTP/1.1", { authorization: "Bearer admin" });
  assert.ok(admin.body.includes(CANARY));
  assert.deepEqual(gateway.bugs, []);
});

test("however the path of an exchange is spelt, no spelling is served without a key", async () => {
  await using pair = await startPair();
  const body = JSON.stringify(HELLO);
  const at = (path: string, key: string | undefined): Promise<string> =>
    exchangeBytes(
      pair.gateway.port,
      chatText(key ?? "", HELLO, { connection: "close" })
        .replace("/v1/chat/completions", () => path)
        .replace(key === undefined ? /authorization: .*\r\n/ : "\0", ""),
    );
  for (const spelling of SPELLINGS) {
    const path = spelling.replace("PATH", () => "v1/chat/completions");
    const [without] = parseReplies(await at(path, undefined));
    assert.ok([400, 401, 404].includes(without?.status ?? 0), `${path}: ${without?.status}`);
    const before = pair.engine.seen.length;
    const [reply] = parseReplies(await at(path, pair.gateway.key));
    // What is served with a key is what asks for one without it: routing and authorisation saw the same path.
    assert.equal(reply?.status === 200, without?.status === 401, path);
    assert.equal(pair.engine.seen.length - before, reply?.status === 200 ? 1 : 0);
    if (reply?.status === 200) assert.equal(pair.engine.lastBody, body.replace("fine", "fine-up"));
  }
  await assertAlive(pair);
});

test("a trailing slash, a double slash and another case are other paths, and the answer says where there is nothing", async () => {
  await using pair = await startPair();
  for (const path of [
    "/v1/chat/completions/",
    "//v1/chat/completions",
    "/V1/chat/completions",
    "/v1/chat/completions;x",
  ]) {
    const text = chatText(pair.gateway.key, HELLO, { connection: "close" }).replace(
      "/v1/chat/completions",
      path,
    );
    const [reply] = parseReplies(await exchangeBytes(pair.gateway.port, text));
    assert.equal(reply?.status, 404);
    const { message } = assertErrorBody(reply?.body ?? "", "not_found", /there is nothing at/);
    assert.ok(message.includes(path));
  }
});

const HOSTS = [
  "localhost:4141/#@x",
  "localhost/healthz",
  "localhost?x",
  "localhost#x",
  "user@localhost",
  "/healthz",
  "evil.example",
  "127.0.0.1:1",
  "[::1]",
  "",
  "localhost, evil.example",
  "169.254.169.254",
];

const REWRITES: readonly Readonly<Record<string, string>>[] = [
  ...HOSTS.map((host) => ({ host })),
  ...["x-original-url", "x-rewrite-url", "x-forwarded-path", "x-forwarded-prefix", "x-forwarded-uri"].map(
    (name) => ({
      [name]: "/healthz",
    }),
  ),
  ...["x-http-method-override", "x-http-method", "x-method-override", "_method"].map((name) => ({
    [name]: "GET",
  })),
  {
    "x-forwarded-host": "evil.example",
    "x-forwarded-for": "127.0.0.1",
    forwarded: "for=127.0.0.1;host=admin",
  },
  { "x-forwarded-proto": "https", "x-real-ip": "::1", "x-client-ip": "127.0.0.1" },
  { "x-middleware-subrequest": "src/middleware", "x-custom-ip-authorization": "127.0.0.1" },
];

test("neither Host nor a header that rewrites changes what a request is or who may make it", async () => {
  await using gateway = await startGuarded();
  for (const headers of REWRITES) {
    const what = JSON.stringify(headers);
    const nobody = await ask(gateway.port, "GET /v1/models HTTP/1.1", headers);
    assert.equal(nobody.status, 401, what);
    const guest = await ask(gateway.port, "GET /api/guarded HTTP/1.1", headers);
    assert.equal(guest.status, 401, what);
    const client = await ask(gateway.port, "GET /v1/models HTTP/1.1", {
      ...headers,
      "x-api-key": gateway.key,
    });
    assert.equal(client.status, 200, what);
    assert.match(client.body, /"id":"fine"/);
    const get = await ask(gateway.port, "GET /v1/chat/completions HTTP/1.1", {
      ...headers,
      "x-api-key": gateway.key,
    });
    assert.equal(get.status, 404, what);
  }
  assert.deepEqual(gateway.bugs, []);
});

test("no header or query of a request chooses the upstream's address or credential", async () => {
  await using canary = await startPair();
  await using pair = await startPair();
  const there = canary.engine.url;
  const fields = [
    "api_base",
    "base_url",
    "baseURL",
    "endpoint",
    "azure_endpoint",
    "custom_host",
    "api_key",
    "extra_headers",
  ];
  const response = await fetch(
    `${pair.gateway.url}/v1/chat/completions?${fields.map((name) => `${name}=${there}`).join("&")}`,
    {
      method: "POST",
      headers: {
        authorization: `Bearer ${pair.gateway.key}`,
        ...Object.fromEntries(fields.map((name) => [`x-upstream-${name.replaceAll("_", "-")}`, there])),
        "x-base-url": there,
        "x-portkey-custom-host": there,
        host: new URL(there).host,
      },
      body: JSON.stringify({ ...HELLO, ...Object.fromEntries(fields.map((name) => [name, there])) }),
    },
  );
  assert.equal(await response.text(), PLAIN);
  assert.equal(pair.engine.seen.length, 1);
  assert.equal(canary.engine.seen.length, 0);
  const headers = pair.engine.seen[0]?.headers;
  assert.equal(headers?.host, new URL(pair.engine.url).host);
  assert.equal(headers?.authorization, undefined);
  assert.doesNotMatch(JSON.stringify(headers), new RegExp(new URL(there).port));
});

test("methods that a path does not take, and those that nobody knows, are refused as the client's fault", async () => {
  await using gateway = await startGuarded();
  const known = [
    "HEAD",
    "OPTIONS",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "PROPFIND",
    "QUERY",
    "SEARCH",
    "PURGE",
    "M-SEARCH",
  ];
  for (const method of known) {
    for (const path of ["/v1/models", "/v1/chat/completions", "/api/guarded", "/nowhere"]) {
      const reply = await exchangeBytes(
        gateway.port,
        requestText(`${method} ${path} HTTP/1.1`, { connection: "close" }),
      );
      assert.match(reply, /^HTTP\/1\.1 40[0145] /, `${method} ${path}`);
    }
  }
  for (const method of ["FOO", "get", "GE T", "", "GET\t", "G\0T"]) {
    const reply = await ask(gateway.port, `${method} /healthz HTTP/1.1`, {});
    assert.equal(reply.status, 400, method);
  }
  const tunnel = await exchangeBytes(gateway.port, requestText("CONNECT evil.example:443 HTTP/1.1", {}));
  assert.doesNotMatch(tunnel, /^HTTP\/1\.1 2/);
  assert.equal((await ask(gateway.port, "GET /healthz HTTP/1.1", {})).status, 200);
  assert.deepEqual(gateway.bugs, []);
});

test("HTTP/2's own ways of saying where a request goes lead to the same decisions", async () => {
  await using gateway = await startGuarded();
  await using client = connectHttp2(gateway.port);
  for (const spelling of SPELLINGS.filter((path) => /^[\x20-\x7e]+$/.test(path))) {
    const path = spelling.replace("PATH", () => "api/guarded");
    const headers = {
      ":method": "GET",
      ":path": path,
      ":authority": "localhost/#@x",
      "x-api-key": gateway.key,
    };
    // A path that HTTP/2 itself forbids resets the stream.
    const reply = await client.request(headers).catch(() => ({ status: 400, text: "" }));
    assert.ok([0, 200, 400, 401, 404].includes(reply.status), `${path}: ${reply.status}`);
    assert.ok(!reply.text.includes(CANARY), path);
  }
  const override = {
    ":method": "GET",
    ":path": "/v1/models",
    host: "evil.example",
    "x-original-url": "/healthz",
  };
  assert.equal((await client.request(override)).status, 401);
  assert.deepEqual(gateway.bugs, []);
});
