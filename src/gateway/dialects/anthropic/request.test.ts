import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import test from "node:test";
import { AppError, ERRORS, type ErrorCode } from "../../../core/errors.ts";
import { applySplices, editObject } from "../../../core/splice.ts";
import type { ParsedRequest } from "../dialect.ts";
import { anthropic } from "./index.ts";

function parse(
  rest: object,
  how: { headers?: IncomingHttpHeaders; metadataWords?: boolean; operation?: "chat" | "count-tokens" } = {},
): ParsedRequest {
  return anthropic.parse({
    operation: how.operation ?? "chat",
    address: {},
    bytes: Buffer.from(JSON.stringify({ model: "m", max_tokens: 10, messages: [], ...rest })),
    headers: how.headers ?? {},
    metadataWords: how.metadataWords ?? false,
  });
}

/** The body as an upstream gets it. */
function sent({ request }: ParsedRequest): Record<string, unknown> {
  const { bytes, members, inside, wordEdits } = request;
  return JSON.parse(applySplices(bytes, editObject(members, inside, wordEdits)).toString()) as Record<
    string,
    unknown
  >;
}

test("the envelope is the model, whether it streams, and the limit", () => {
  const { request } = parse({ stream: true });
  assert.deepEqual(
    [request.dialect, request.model, request.stream, request.maxOutputTokens, request.choices],
    ["anthropic", "m", true, 10, 1],
  );
  assert.equal(request.includeUsage, true);
  assert.equal(parse({ max_tokens: undefined }).request.maxOutputTokens, undefined);
  assert.equal(parse({ max_tokens: 0 }).request.maxOutputTokens, 0);
  assert.equal(parse({ stream: true }, { operation: "count-tokens" }).request.stream, false);
});

test("the user's id is the user, and stays where it is", () => {
  const parsed = parse({ metadata: { user_id: "ann", team: "a" } });
  assert.deepEqual([parsed.words, parsed.user], [{}, "ann"]);
  assert.deepEqual(parsed.tags, { team: "a" });
  assert.deepEqual(sent(parsed)["metadata"], { user_id: "ann", team: "a" });
});

test("words go no further; the gateway's own word for the user is the stronger one", () => {
  const parsed = parse({ metadata: { user_id: "ann", switchyard_user: "bob", switchyard_app: "x" } });
  assert.deepEqual(parsed.words, { user: "bob", app: "x" });
  assert.deepEqual(sent(parsed)["metadata"], { user_id: "ann" });
  const bare = parse({ metadata: { user_id: "ann", user: "bob" } }, { metadataWords: true });
  assert.deepEqual(bare.words, { user: "bob" });
  assert.equal("metadata" in sent(parse({ metadata: { switchyard_app: "x" } })), false);
});

test("of an id that Claude Code writes the account is the user, else the device, and never the session", () => {
  const account = "0b2d5e5c-1111-4222-8333-944455556666";
  const cases: readonly (readonly [id: string, user: string])[] = [
    [`user_abc123_account_${account}_session_5f0e`, account],
    ["user_abc123_account__session_5f0e", "abc123"],
    [JSON.stringify({ device_id: "d1", account_uuid: account, session_id: "s1" }), account],
    [JSON.stringify({ device_id: "d1", account_uuid: "", session_id: "s1" }), "d1"],
    ["user_of_ours", "user_of_ours"],
    ["{not json", "{not json"],
  ];
  for (const [user_id, user] of cases) assert.equal(parse({ metadata: { user_id } }).user, user, user_id);
  assert.equal(parse({ metadata: { user_id: '{"session_id":"s1"}' } }).user, undefined);
});

test("an id that is no legal word says nothing to the gateway, and goes on as it is", () => {
  for (const user_id of ["x".repeat(257), "a\nb", "", 5, null]) {
    const parsed = parse({ metadata: { user_id } });
    assert.deepEqual([parsed.words, parsed.tags, parsed.user], [{}, {}, undefined], JSON.stringify(user_id));
    assert.deepEqual(sent(parsed)["metadata"], { user_id });
  }
});

test("the API's own headers and those of tracing go on, and no others", () => {
  const passed = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "a,b",
    traceparent: "00-1-2-01",
    tracestate: "a=b",
    "x-request-id": "r",
  };
  const { request } = parse({}, { headers: { ...passed, "x-api-key": "sy-1", "x-stainless-lang": "js" } });
  assert.deepEqual(request.headers, passed);
});

test("an envelope that cannot be read is refused", () => {
  const wrong: readonly object[] = [
    { messages: "x" },
    { stream: "true" },
    { max_tokens: -1 },
    { max_tokens: "1" },
    { model: 5 },
    { metadata: "x" },
  ];
  for (const rest of wrong)
    assert.throws(() => parse(rest), { code: "invalid_request" }, JSON.stringify(rest));
  assert.throws(() => parse({ metadata: { switchyard_color: "red" } }), { code: "context_invalid" });
});

test("errors have the API's form and status, and name the exchange", () => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { status, headers, body } = anthropic.errorReply(new AppError(code, "it went wrong"), "x1");
    const reply = JSON.parse(body.toString()) as Record<string, Record<string, unknown>>;
    assert.equal(status, ERRORS[code].anthropic.status);
    assert.equal(headers["request-id"], "x1");
    assert.equal(reply["type"], "error");
    assert.equal(reply["request_id"], "x1");
    const { message, ...error } = reply["error"] ?? {};
    assert.deepEqual(error, { type: ERRORS[code].anthropic.type, code, exchange: "x1" });
    assert.match(String(message), /^it went wrong\. .*\(exchange x1\)$/);
    assert.equal(anthropic.isError(body), true);
  }
  const limited = new AppError("rate_limited", "slow down", { retryAfterSeconds: 7 });
  assert.equal(anthropic.errorReply(limited, "x1").headers["retry-after"], "7");
});

test("other refusals, and those that say two things, are not ones that SDKs can read", () => {
  const bodies = [
    "",
    "null",
    "<html>",
    '{"error":{"message":"x"}}',
    '{"type":"error","error":"x"}',
    '{"type":"error","error":{"message":"x"},"error":{"message":"y"}}',
  ];
  for (const body of bodies) assert.equal(anthropic.isError(Buffer.from(body)), false, body);
});

test("tokens that were counted are told as the API tells them", () => {
  assert.equal(anthropic.count?.write(14).toString(), '{"input_tokens":14}');
});
