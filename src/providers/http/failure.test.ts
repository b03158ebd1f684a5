import assert from "node:assert/strict";
import test from "node:test";
import type { WholeReply } from "../provider.ts";
import { connectionFailure, statusFailure } from "./failure.ts";
import { Secrets } from "./secrets.ts";

const NOW = Date.UTC(2026, 0, 1);

function replyOf(status: number, body = "{}"): WholeReply {
  return { status, contentType: "application/json", headers: {}, body: Buffer.from(body) };
}

function failed(status: number, body?: string, retryAfter?: string): ReturnType<typeof statusFailure> {
  return statusFailure(replyOf(status, body), retryAfter, new Secrets("sk-secret"), NOW);
}

const KINDS: readonly (readonly [kind: string, statuses: readonly number[]])[] = [
  ["credentials", [401, 402, 403]],
  ["timeout", [408, 504]],
  ["throttled", [429]],
  ["rejected", [400, 404, 405, 409, 413, 415, 422]],
  ["status", [500, 501, 502, 503, 529]],
  ["protocol", [300, 301, 304]],
];

for (const [kind, statuses] of KINDS) {
  test(`${statuses.join(", ")} of an upstream is ${kind}`, () => {
    for (const status of statuses)
      assert.deepEqual([failed(status).kind, failed(status).status], [kind, status]);
  });
}

test("only a refusal that is about the request carries the upstream's own words to the client", () => {
  for (const [kind, statuses] of KINDS) {
    for (const status of statuses)
      assert.equal(failed(status).reply !== undefined, kind === "rejected", String(status));
  }
});

test("the upstream's reason is told, from wherever it stands", () => {
  const bodies = ['{"error":{"message":"why"}}', '{"error":"why"}', '{"message":"why"}', '{"detail":"why"}'];
  for (const body of bodies) assert.equal(failed(500, body).said, "why", body);
  for (const body of ["", "<html>", "null", "[]", '{"error":{"message":5}}', '{"detail":[{"msg":"x"}]}']) {
    assert.equal(failed(500, body).message, "the upstream answered 500", body);
    assert.equal(failed(500, body).said, undefined, body);
  }
});

test("a refusal of our credentials says nothing of what the upstream said", () => {
  const refused = failed(401, '{"error":{"message":"bad key sk-secret of acme"}}');
  assert.doesNotMatch(JSON.stringify(refused), /acme|sk-secret/);
});

test("a reason that repeats our credential is left out", () => {
  assert.equal(failed(500, '{"error":{"message":"key sk-secret"}}').said, undefined);
  const rejected = failed(400, '{"error":{"message":"key sk-secret"}}');
  assert.equal(rejected.reply?.body.includes("sk-secret"), false);
});

test("retry-after is taken in seconds and as a date, at least 0 and at most an hour", () => {
  const after = (text: string | undefined): number | undefined => failed(429, "{}", text).retryAfterSeconds;
  assert.equal(after("7"), 7);
  assert.equal(after("0"), 0);
  assert.equal(after("99999"), 3_600);
  assert.equal(after(new Date(NOW + 90_000).toUTCString()), 90);
  assert.equal(after(new Date(NOW - 90_000).toUTCString()), 0);
  assert.equal(after(undefined), undefined);
  assert.equal(after("soon"), undefined);
});

function broken(code: string, headSeen = false): string {
  return connectionFailure(Object.assign(new Error("at 10.0.0.1:8000"), { code }), headSeen).kind;
}

test("an upstream that cannot be reached is told apart from one that broke off", () => {
  for (const code of [
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ETIMEDOUT",
    "UND_ERR_CONNECT_TIMEOUT",
  ]) {
    assert.equal(broken(code), "connect", code);
  }
  for (const code of ["ECONNRESET", "UND_ERR_SOCKET", "EPIPE"]) assert.equal(broken(code), "cut", code);
  assert.equal(broken("ECONNREFUSED", true), "cut");
});

test("a certificate that is not trusted means no connection, whatever is wrong with it", () => {
  for (const code of [
    "SELF_SIGNED_CERT_IN_CHAIN",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "CERT_HAS_EXPIRED",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  ]) {
    assert.equal(broken(code), "connect", code);
  }
});

test("a broken connection is told without the address of the upstream", () => {
  const error = Object.assign(new Error("connect ECONNREFUSED 10.0.0.1:8000"), { code: "ECONNREFUSED" });
  assert.doesNotMatch(connectionFailure(error, false).message, /10\.0\.0\.1/);
});
