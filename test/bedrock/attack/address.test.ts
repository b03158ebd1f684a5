import assert from "node:assert/strict";
import test from "node:test";
import { connect, parseReplies, requestText } from "../../attack/support.ts";
import { HAIKU, SAY } from "../traps/support.ts";
import { askedOf, assertServes, recordOf, startWorld, type World } from "./support.ts";

const BODY = JSON.stringify(SAY("hi"));

interface Got {
  readonly status: number;
  readonly exception: string | undefined;
  readonly message: string;
  readonly head: string;
}

/** Sends a request whose path is not touched on its way. */
async function ask(
  world: World,
  path: string,
  method = "POST",
  headers: Record<string, string> = {},
): Promise<Got> {
  await using wire = await connect(world.gateway.port);
  wire.send(
    requestText(
      `${method} ${path} HTTP/1.1`,
      {
        authorization: `Bearer ${world.gateway.key}`,
        "content-type": "application/json",
        ...(method !== "GET" && { "content-length": Buffer.byteLength(BODY) }),
        connection: "close",
        ...headers,
      },
      method === "GET" ? "" : BODY,
    ),
  );
  await wire.closed();
  const [reply] = parseReplies(wire.text());
  assert.ok(reply !== undefined, `${path}: no reply`);
  const exception = /\r\nx-amzn-errortype: ([^\r]*)/i.exec(reply.head)?.[1];
  let message = "";
  if (reply.status !== 200 && reply.body !== "") {
    const body = JSON.parse(reply.body) as { message?: string; error?: { message: string } };
    message = body.message ?? body.error?.message ?? "";
  }
  return { status: reply.status, exception, message, head: reply.head };
}

test("a model's address in every legal spelling leads to it", async () => {
  await using world = await startWorld();
  for (const path of [
    "/model/aws/converse",
    "/model/%61%77%73/converse",
    "/model/aws/converse?x=1",
    `/model/${HAIKU}/converse`,
    `/model/${encodeURIComponent(HAIKU)}/converse`,
  ]) {
    const got = await ask(world, path);
    assert.equal(got.status, 200, `${path}: ${got.message}`);
    assert.equal((await recordOf(world.gateway, path)).target, "aws");
  }
});

const BROKEN: readonly string[] = ["%", "%2", "%zz", "%C3%28", "%ff", "%E0%80%80", "a%", "%u0041", "%00%"];

test("percent-encoding that is none is refused and named, in Bedrock's own shape", async () => {
  await using world = await startWorld();
  for (const id of BROKEN) {
    for (const operation of ["converse", "converse-stream", "invoke", "count-tokens"]) {
      const got = await ask(world, `/model/${id}/${operation}`);
      assert.equal(got.status, 400, `${id}: ${got.message}`);
      assert.equal(got.exception, "ValidationException", id);
      assert.match(got.message, /percent-encoded|URL|url|path/i, id);
    }
  }
  assert.deepEqual(world.gateway.bugs, []);
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

const UNKNOWN_MODELS: readonly string[] = [
  "nobody",
  "x".repeat(200),
  "..",
  ".",
  "%2e%2e",
  "..%2f..%2fadmin",
  "%2F",
  "%00",
  "a%0D%0Ab",
  "__proto__",
  "constructor",
  "toString",
  "a/b/c",
  "arn:aws:bedrock:us-east-1::foundation-model/nothing",
  "%F0%9F%98%80",
  "aws%20",
  "AWS",
  "-",
  "'%22%3Cscript%3E",
];

test("a model that nobody knows is a ResourceNotFoundException with one record, whatever its name", async () => {
  await using world = await startWorld();
  for (const id of UNKNOWN_MODELS) {
    for (const operation of ["converse", "converse-stream", "invoke"]) {
      const got = await ask(world, `/model/${id}/${operation}`);
      assert.equal(got.status, 404, `${id}: ${got.message}`);
      assert.equal(got.exception, "ResourceNotFoundException", id);
      assert.ok(!/[\r\n]/.test(got.message), "no line break of the client's");
      assert.equal((await recordOf(world.gateway, id)).code, "model_not_found", id);
    }
  }
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("a model id of 3,000 characters is refused, and the message is not much longer", async () => {
  await using world = await startWorld();
  for (const id of [
    "x".repeat(3_000),
    "%61".repeat(3_000),
    "%E6%96%87".repeat(1_000),
    `arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/${"a".repeat(3_000)}`,
  ]) {
    const got = await ask(world, `/model/${id}/converse`);
    assert.ok(got.status === 400 || got.status === 404, String(got.status));
    assert.match(got.exception ?? "", /^(ValidationException|ResourceNotFoundException)$/);
    assert.ok(got.message.length < 4_000, `${got.message.length} characters`);
  }
  assert.deepEqual(world.gateway.bugs, []);
  world.gateway.records.length = 0;
  await assertServes(world);
});

const NOWHERE: readonly string[] = [
  "/model",
  "/model/",
  "/model//converse",
  "/model/converse",
  "/model/aws",
  "/model/aws/",
  "/model/aws/converse/",
  "/model/aws/Converse",
  "/model/aws/converse-streams",
  "/model/aws/invoke-with-bidirectional-stream",
  "/model/aws/toString",
  "/model/aws/__proto__",
  "/model/aws/constructor",
  "/model/aws/%63onverse",
  "/model/aws/converse%2F",
  "/model/aws/converse;x=1",
  "/model?model=aws",
  "//model/aws/converse",
  "/MODEL/aws/converse",
];

test("what is no operation is not found, and no upstream hears of it", async () => {
  await using world = await startWorld();
  for (const path of NOWHERE) {
    const got = await ask(world, path);
    assert.ok(got.status === 404 || got.status === 400, `${path}: ${got.status} ${got.message}`);
    if (path.startsWith("/model/")) assert.match(got.exception ?? "", /Exception$/, path);
    assert.notEqual(got.message, "", path);
  }
  assert.deepEqual(world.gateway.bugs, []);
  assert.equal(world.gateway.records.length, 0);
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("dots in a path are names and lead nowhere else", async () => {
  await using world = await startWorld();
  for (const path of [
    "/model/../v1/chat/completions",
    "/model/aws/../../v1/models",
    "/model/aws/converse/../../../api/keys",
    "/model/%2e%2e/%2e%2e/converse",
    "/v1/../model/aws/converse",
    "/./model/aws/converse",
  ]) {
    const got = await ask(world, path);
    assert.ok(got.status === 404 || got.status === 400, `${path}: ${got.status}`);
  }
  assert.deepEqual(world.gateway.bugs, []);
  assert.equal(askedOf(world), 0);
});

test("another method than POST is not found and names the operation's shape", async () => {
  await using world = await startWorld();
  for (const method of ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    for (const path of ["/model/aws/converse", "/model/aws", "/model/aws/converse-stream"]) {
      const got = await ask(world, path, method);
      assert.ok(got.status === 404 || got.status === 405, `${method} ${path}: ${got.status}`);
      assert.match(got.exception ?? "", /Exception$/, `${method} ${path}`);
    }
  }
  assert.deepEqual(world.gateway.bugs, []);
  assert.equal(askedOf(world), 0);
  await assertServes(world);
});

test("Bedrock's other operations are not found, in a shape that an SDK can read", async () => {
  await using world = await startWorld();
  for (const path of [
    "/guardrail/abc/version/1/apply",
    "/async-invoke",
    "/guardrail-checks/invoke",
    "/inference-profiles/x",
  ]) {
    const got = await ask(world, path);
    assert.equal(got.status, 404, path);
    assert.notEqual(got.message, "");
  }
});
