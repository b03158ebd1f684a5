import assert from "node:assert/strict";
import test from "node:test";
import { Secrets } from "../http/secrets.ts";
import type { AttemptFailure } from "../provider.ts";
import { tritonFailure } from "./failure.ts";

const SECRETS = new Secrets("secret-1");

function failure(status: number, body: string): AttemptFailure {
  const reply = { status, contentType: "application/json", headers: {}, body: Buffer.from(body) };
  return tritonFailure(reply, undefined, SECRETS);
}

test("a model that the server has not may be had elsewhere", () => {
  for (const message of [
    "Request for unknown model: 'x' is not found",
    "Request for unknown model: 'x' has no available versions",
    "Model 'x' version 3 is not at ready state",
  ]) {
    const { kind, code, elsewhere, said } = failure(400, JSON.stringify({ error: message }));
    assert.deepEqual([kind, code, elsewhere, said], ["rejected", "model_not_found", true, message]);
  }
  assert.equal(failure(404, '{"error":"Not Found"}').code, "model_not_found");
});

test("a prompt that is too long may fit elsewhere", () => {
  const message =
    "Error generating stream: The decoder prompt (length 9) is longer than the maximum model length of 8.";
  const { code, elsewhere } = failure(400, JSON.stringify({ error: message }));
  assert.deepEqual([code, elsewhere], ["context_overflow", true]);
});

test("a stream's refusal stands in an event", () => {
  const { kind, said } = failure(400, 'data: {"error":"max_tokens must be positive"}\n\n');
  assert.deepEqual([kind, said], ["rejected", "max_tokens must be positive"]);
});

test("what the server fails in is no fault of the request", () => {
  assert.equal(failure(500, '{"error":"CUDA out of memory"}').kind, "status");
  assert.equal(failure(503, '{"error":"model unavailable"}').kind, "status");
  assert.equal(failure(400, '{"error":"cannot use secret-1"}').said, undefined);
});
