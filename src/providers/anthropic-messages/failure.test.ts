import assert from "node:assert/strict";
import test from "node:test";
import { error } from "../../../test/anthropic/engine.ts";
import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure } from "../provider.ts";
import { messagesFailure } from "./failure.ts";

const SECRET = "sk-ant-secret-of-ours";

function failure(status: number, type: string, said: string, retryAfter?: string): AttemptFailure {
  const reply = {
    status,
    contentType: "application/json",
    headers: {},
    body: Buffer.from(error(type, said)),
  };
  return messagesFailure(reply, retryAfter, new Secrets(SECRET), 0);
}

test("an overloaded service may be asked elsewhere, and later again", () => {
  const told = failure(529, "overloaded_error", "Overloaded", "3");
  assert.equal(told.kind, "status");
  assert.equal(told.code, "no_target_available");
  assert.equal(told.retryAfterSeconds, 3);
  assert.equal(told.reply, undefined);
});

test("a throttle says when to come again", () => {
  const told = failure(429, "rate_limit_error", "slow down", "12");
  assert.equal(told.kind, "throttled");
  assert.equal(told.retryAfterSeconds, 12);
});

test("what is about our account is nobody's business, whatever its status", () => {
  for (const [status, type, said] of [
    [401, "authentication_error", "invalid x-api-key"],
    [402, "billing_error", "pay first"],
    [403, "permission_error", "not you"],
    [400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API."],
  ] as const) {
    const told = failure(status, type, said);
    assert.equal(told.kind, "credentials", said);
    assert.equal(told.reply, undefined);
    assert.equal(told.said, undefined);
  }
});

test("a prompt that is too long may fit elsewhere, and so may a body", () => {
  const long = failure(400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum");
  assert.equal(long.code, "context_overflow");
  assert.equal(long.elsewhere, true);
  const large = failure(413, "request_too_large", "Request exceeds the maximum size");
  assert.equal(large.code, "payload_too_large");
  assert.equal(large.elsewhere, true);
});

test("a refusal of the request itself goes to the client as it came", () => {
  const told = failure(400, "invalid_request_error", "messages.0: too odd");
  assert.equal(told.kind, "rejected");
  assert.equal(told.elsewhere, undefined);
  assert.match(told.reply?.body.toString() ?? "", /too odd/);
  assert.equal(failure(404, "not_found_error", "model: x").code, "model_not_found");
  const leak = failure(400, "invalid_request_error", `odd ${SECRET}`);
  assert.ok(!JSON.stringify({ ...leak, reply: leak.reply?.body.toString() }).includes(SECRET));
});

test("thoughts of another model are told as such", () => {
  const said = "messages.1.content.0: Invalid `signature` in `thinking` block";
  assert.equal(failure(400, "invalid_request_error", said).foreignThoughts, true);
});
