import assert from "node:assert/strict";
import test from "node:test";
import { AppError, asAppError, ERRORS, type ErrorCode, type ErrorRow } from "./errors.ts";

/** HTTP, Anthropic's status and type, Bedrock's status and exception: the public table, written out. */
const PUBLISHED: Readonly<Record<string, readonly [number, number, string, number, string]>> = {
  invalid_request: [400, 400, "invalid_request_error", 400, "ValidationException"],
  context_invalid: [400, 400, "invalid_request_error", 400, "ValidationException"],
  context_overflow: [400, 400, "invalid_request_error", 400, "ValidationException"],
  unsupported_parameter: [400, 400, "invalid_request_error", 400, "ValidationException"],
  unauthenticated: [401, 401, "authentication_error", 403, "UnrecognizedClientException"],
  key_expired: [401, 401, "authentication_error", 403, "UnrecognizedClientException"],
  key_revoked: [401, 401, "authentication_error", 403, "UnrecognizedClientException"],
  budget_exceeded: [402, 402, "billing_error", 400, "ServiceQuotaExceededException"],
  forbidden: [403, 403, "permission_error", 403, "AccessDeniedException"],
  policy_denied: [403, 403, "permission_error", 403, "AccessDeniedException"],
  approval_required: [403, 403, "permission_error", 403, "AccessDeniedException"],
  guard_blocked: [403, 403, "permission_error", 403, "AccessDeniedException"],
  unpriced: [403, 403, "permission_error", 403, "AccessDeniedException"],
  model_not_found: [404, 404, "not_found_error", 404, "ResourceNotFoundException"],
  idempotency_mismatch: [409, 409, "invalid_request_error", 409, "ConflictException"],
  payload_too_large: [413, 413, "request_too_large", 400, "ValidationException"],
  rate_limited: [429, 429, "rate_limit_error", 429, "ThrottlingException"],
  overloaded: [429, 529, "overloaded_error", 429, "ThrottlingException"],
  upstream_error: [502, 502, "api_error", 500, "InternalServerException"],
  no_target_available: [503, 529, "overloaded_error", 503, "ServiceUnavailableException"],
  budget_unavailable: [503, 529, "overloaded_error", 503, "ServiceUnavailableException"],
  journal_full: [503, 529, "overloaded_error", 503, "ServiceUnavailableException"],
  upstream_timeout: [504, 504, "timeout_error", 408, "ModelTimeoutException"],
};

const WITH_RETRY_AFTER = [
  "rate_limited",
  "overloaded",
  "no_target_available",
  "budget_unavailable",
  "journal_full",
  "database_unavailable",
];
/** Beside the published ones: nothing at an address, our own faults, and a database that is away. */
const OWN = ["internal", "not_found", "database_unavailable"];

for (const [code, [status, anthropicStatus, type, bedrockStatus, exception]] of Object.entries(PUBLISHED)) {
  test(`${code} looks in every dialect as published`, () => {
    const row = ERRORS[code as ErrorCode];
    assert.ok(Object.hasOwn(ERRORS, code));
    assert.equal(row.status, status);
    assert.deepEqual(row.anthropic, { status: anthropicStatus, type });
    assert.deepEqual(row.bedrock, { status: bedrockStatus, exception });
  });
}

test("there is no other code than those published and our own", () => {
  assert.deepEqual(Object.keys(ERRORS).toSorted(), [...Object.keys(PUBLISHED), ...OWN].toSorted());
});

test("a refusal that passes by itself says when to come back, an exceeded budget says not to", () => {
  for (const [code, row] of Object.entries<ErrorRow>(ERRORS)) {
    assert.equal("retry-after" in row.headers, WITH_RETRY_AFTER.includes(code), code);
    assert.equal(row.headers["x-should-retry"], code === "budget_exceeded" ? "false" : undefined, code);
  }
});

test("every code says when it comes and what to do, in a sentence each", () => {
  for (const [code, row] of Object.entries(ERRORS)) {
    assert.match(row.when, /^[A-Z].*\.$/, code);
    assert.match(row.fix, /^[A-Z].*\.$/, code);
  }
});

test("an AppError carries what it was given, and no stack of ours", () => {
  const cause = new Error("inner");
  const error = new AppError("rate_limited", "slow down", {
    details: { target: "a" },
    retryAfterSeconds: 7,
    cause,
  });
  assert.equal(error.code, "rate_limited");
  assert.equal(error.message, "slow down");
  assert.deepEqual(error.details, { target: "a" });
  assert.equal(error.retryAfterSeconds, 7);
  assert.equal(error.cause, cause);
  assert.doesNotMatch(error.stack ?? "", /\n\s+at /);
});

test("an AppError leaves stacks of other errors as they were", () => {
  const limit = Error.stackTraceLimit;
  assert.deepEqual(new AppError("internal", "x").details, {});
  assert.equal(Error.stackTraceLimit, limit);
  assert.match(new Error("other").stack ?? "", /\n\s+at /);
});

test("what was not thrown on purpose becomes internal, tells nothing, and keeps its cause for the log", () => {
  const own = new AppError("forbidden", "no");
  assert.equal(asAppError(own), own);
  for (const thrown of [new TypeError("secret detail"), "secret detail", null, undefined]) {
    const error = asAppError(thrown);
    assert.equal(error.code, "internal");
    assert.doesNotMatch(error.message, /secret detail/);
    assert.equal(error.cause, thrown);
  }
});
