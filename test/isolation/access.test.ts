import assert from "node:assert/strict";
import http from "node:http";
import test from "node:test";
import { plain } from "../support/engine.ts";
import { MemoryResponses } from "../support/memory-responses.ts";
import { bodyOf, CLIENTS, MODELS, post, startWorld, type World } from "./world.ts";

/** Who may do what, on every route that the newer dialects brought. */

const COUNTS = [
  "/v1/messages/count_tokens",
  "/anthropic/v1/messages/count_tokens",
  "/v1/responses/input_tokens",
];

function countBody(path: string, model: string): object {
  return bodyOf(path.includes("responses") ? "responses" : "messages", model, false);
}

const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ["POST", "/v1/responses"],
  ["POST", "/v1/messages"],
  ["POST", "/anthropic/v1/messages"],
  ...COUNTS.map((path) => ["POST", path] as const),
  ["GET", "/v1/responses/resp_1"],
  ["DELETE", "/v1/responses/resp_1"],
  ["GET", "/v1/responses/resp_1/input_items"],
  ["POST", "/v1/responses/resp_1/cancel"],
  ["GET", "/v1/models"],
  ["GET", "/v1/models/claude"],
  ["GET", "/anthropic/v1/models"],
  ["GET", "/anthropic/v1/models/claude"],
  ["POST", "/v1/audio/speech"],
  ["POST", "/v1/images/generations"],
  ["POST", "/v1/videos"],
  ["GET", "/v1/realtime"],
  ["POST", "/v1/realtime/sessions"],
];

async function call(
  { gateway }: World,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(gateway.url + path, {
    method,
    headers,
    ...(method === "POST" && { body: JSON.stringify(countBody(path, "claude")) }),
  });
  return { status: response.status, text: await response.text() };
}

test("no route answers without a key, with a wrong, revoked or expired one, or for a tenant that is not the key's", async () => {
  await using world = await startWorld((_request, response) => plain(response, 200, "{}"));
  const { gateway } = world;
  const past = Date.now() - 1_000;
  const revoked = gateway.issue({ revokedAtMs: past }).key;
  const expired = gateway.issue({ expiresAtMs: past }).key;
  const wrong = gateway.key.replace(/.{4}$/, "0000");
  for (const [method, path] of ROUTES) {
    for (const key of [undefined, wrong, revoked, expired]) {
      const { status, text } = await call(world, method, path, key === undefined ? {} : { "x-api-key": key });
      assert.equal(status, 401, `${method} ${path} ${text}`);
    }
    const foreign = { "x-api-key": gateway.key, "x-switchyard-tenant": "globex" };
    const { status } = await call(world, method, path, foreign);
    // These say the same to everybody.
    const isRefusedAnyway = /audio|images|videos|realtime|cancel/.test(path);
    assert.ok(status === 403 || (isRefusedAnyway && status === 400), `${method} ${path} ${status}`);
  }
  assert.equal(world.engine.seen.length, 0);
});

const POLICY = `
tasks:
  secret-task: { targets: [claude] }
  open-task: { targets: [native] }
rules:
  - { name: no-bedrock, when: { tenant: acme }, deny: { targets: [bedrock] }, because: "not signed" }
tenants:
  acme: { tasks: ["*"] }
  strict: { tasks: [open-task] }
`;

test("counting tokens sends no prompt where a chat may not send it", async () => {
  await using world = await startWorld((_request, response) => plain(response, 200, '{"input_tokens":3}'), {
    target: ", dataClasses: [public, internal]",
  });
  const restricted = { "x-switchyard-sensitivity": "restricted" };
  const limited = world.gateway.issue({ rights: { tasks: ["nothing"] } }).key;
  for (const path of COUNTS)
    for (const model of MODELS) {
      const denied = await post(world, path, countBody(path, model), restricted);
      assert.equal(denied.status, 403, `${path} ${model} ${denied.text}`);
      const unlisted = await post(world, path, countBody(path, model), { "x-api-key": limited });
      assert.ok([403, 404].includes(unlisted.status), `${path} ${model} ${unlisted.text}`);
    }
  assert.equal(world.engine.seen.length, 0);
  assert.equal((await post(world, COUNTS[0] ?? "", countBody("", "claude"))).status, 200);
});

test("a model that a key may not use is not in its lists, and says what an unknown one says", async () => {
  await using world = await startWorld((_request, response) => plain(response, 200, "{}"), {
    more: POLICY.replace(/rules:[^]*?(?=tenants)/, ""),
  });
  const { key } = world.gateway.issue({ tenant: "strict" });
  const get = (path: string): Promise<{ status: number; text: string }> =>
    call(world, "GET", path, { "x-api-key": key });
  for (const path of ["/v1/models", "/anthropic/v1/models"]) {
    const { text } = await get(path);
    assert.match(text, /open-task/);
    assert.doesNotMatch(text, /secret-task|claude|bedrock/);
    const told = async (name: string): Promise<string> => {
      const { status, text: said } = await get(`${path}/${name}`);
      return `${status} ${said.replaceAll(name, "NAME").replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "ID")}`;
    };
    assert.equal(await told("secret-task"), await told("nobody-task"));
  }
});

/** References that a reader of bytes, or of types alone, does not see. */
const HIDDEN = [
  '{"type":"item\\u005freference","id":"msg_theirs"}',
  '{"id":"msg_theirs"}',
  '{"type":null,"id":"msg_theirs"}',
  '{"type":null,"role":null,"id":"rs_theirs"}',
  '{"t\\u0079pe":"item_reference","\\u0069d":"msg_theirs"}',
];

test("no reference to what our account keeps reaches an upstream, however it is written", async () => {
  await using world = await startWorld((_request, response) => plain(response, 200, '{"input_tokens":3}'), {
    responses: new MemoryResponses(),
  });
  for (const hidden of HIDDEN)
    for (const path of ["/v1/responses", "/v1/responses/input_tokens"])
      for (const model of MODELS) {
        const { status, text } = await post(world, path, `{"model":"${model}","input":[${hidden}]}`);
        assert.equal(status, 400, `${model} ${hidden} ${text}`);
        assert.match(text, /there is no item/);
      }
  assert.equal(world.engine.seen.length, 0);
});

test("a request with more stop sequences than an engine takes costs nobody's time", async () => {
  await using world = await startWorld(() => assert.fail("nothing is sent"));
  const stops = Array.from({ length: 100_000 }, (_, index) => `stop ${index}`);
  const body = { ...bodyOf("messages", "triton", true), stop_sequences: stops };
  const { status, text } = await post(world, "/v1/messages", body);
  assert.equal(status, 400);
  assert.match(text, /256 sequences at most/);
  assert.equal(world.engine.seen.length, 0);
});

test("headers of clients reach an upstream only where they mean something there, and none of ours do", async () => {
  await using world = await startWorld((_request, response) => plain(response, 400, "{}"));
  const long = Array.from({ length: 400 }, (_, index) => `feature-name-${index}`).join(",");
  assert.ok(long.length > 6_000);
  const sent = {
    "anthropic-beta": long,
    "anthropic-version": "2023-06-01",
    "openai-organization": "org-of-the-client",
    "openai-project": "proj_of_the_client",
    "anthropic-dangerous-direct-browser-access": "true",
    "x-amzn-sagemaker-target-variant": "trial-variant",
    "idempotency-key": "one-of-many",
    cookie: "session=1",
    "x-forwarded-for": "10.0.0.1",
    "x-switchyard-user": "someone",
    "x-request-id": "é-latin",
  };
  for (const client of CLIENTS)
    for (const model of MODELS) {
      const path = { chat: "/v1/chat/completions", responses: "/v1/responses", messages: "/v1/messages" }[
        client
      ];
      const { status } = await post(world, path, bodyOf(client, model, false), sent);
      assert.ok(status === 400 || status === 502, `${client} ${model} ${status}`);
      const headers = JSON.stringify(world.engine.seen.at(-1)?.headers);
      assert.doesNotMatch(
        headers,
        /of[-_]the[-_]client|browser|trial-variant|one-of-many|session=1|10\.0\.0\.1|someone/,
        `${client} ${model}`,
      );
      assert.ok(!headers.includes(world.gateway.key));
      assert.equal(headers.includes("feature-name-399"), client === "messages" && model === "claude");
    }
});

test("line ends and control characters in a client's header go nowhere", async () => {
  await using world = await startWorld((_request, response) => plain(response, 200, "{}"));
  const wire = (beta: string): Promise<number | undefined> =>
    new Promise((resolve) => {
      const socket = http.request(`${world.gateway.url}/v1/messages`, { method: "POST", agent: false });
      socket.on("socket", (one) => {
        let text = "";
        one.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
        one.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
        one.on("connect", () =>
          one.end(
            `POST /v1/messages HTTP/1.1\r\nhost: a\r\nx-api-key: ${world.gateway.key}\r\nanthropic-beta: ${beta}\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}`,
            "latin1",
          ),
        );
      });
      socket.on("error", () => {});
    });
  for (const beta of ["a\rx-api-key: b", "a\0b", "a\x01b"])
    assert.equal(await wire(beta), 400, JSON.stringify(beta));
  assert.equal(world.engine.seen.length, 0);
});
