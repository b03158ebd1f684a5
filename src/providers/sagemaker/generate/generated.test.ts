import assert from "node:assert/strict";
import test from "node:test";
import { ReplyFault } from "../../reply-fault.ts";
import { countsOf, endOf, errorOf, readGenerated, usageOf } from "./generated.ts";

test("a reply is an object, or the only one of a list", () => {
  assert.deepEqual(readGenerated('{"a":1}'), { a: 1 });
  assert.deepEqual(readGenerated('[{"a":1}]'), { a: 1 });
  for (const none of ["[]", '[{"a":1},{"a":2}]', "1", "null", '{"a"', ""])
    assert.equal(readGenerated(none), undefined);
});

test("tokens of the prompt are told by TGI's streams, by LMI of old, or one by one", () => {
  assert.deepEqual(countsOf({ generated_tokens: 3, input_length: 9 }), { input: 9, output: 3 });
  assert.deepEqual(countsOf({ generated_tokens: 3, prompt_tokens: 8 }), { input: 8, output: 3 });
  assert.deepEqual(countsOf({ generated_tokens: 3, prefill: [{}, {}] }), { input: 2, output: 3 });
  assert.deepEqual(countsOf({ generated_tokens: 3, prefill: [] }), { input: undefined, output: 3 });
  assert.deepEqual(countsOf({ generated_tokens: null }), { input: undefined, output: undefined });
});

test("a usage is told where the output is counted, and what is guessed of it is said", () => {
  assert.equal(usageOf({ input: 3, output: undefined }, "prompt"), undefined);
  const counted = usageOf({ input: 3, output: 2 }, "prompt");
  assert.deepEqual([counted?.usage.inputTokens, counted?.isGuessed], [3, false]);
  const guessed = usageOf({ input: undefined, output: 2 }, "x".repeat(401));
  assert.deepEqual([guessed?.usage.inputTokens, guessed?.usage.outputTokens], [101, 2]);
  assert.equal(guessed?.isGuessed, true);
});

test("why a reply ended: the client's stop text, or the template's, which means that the model was done", () => {
  const details = (finish_reason: string): { finish_reason: string } => ({ finish_reason });
  assert.deepEqual(endOf(details("eos_token"), undefined, []), { reason: "end" });
  assert.deepEqual(endOf(details("length"), undefined, ["a"]), { reason: "max-tokens" });
  assert.deepEqual(endOf(details("stop_sequence"), undefined, []), { reason: "end" });
  assert.deepEqual(endOf(details("stop_sequence"), undefined, ["a"]), { reason: "stop-sequence" });
  assert.deepEqual(endOf(details("stop_sequence"), "a", ["a"]), { reason: "stop-sequence", sequence: "a" });
  assert.deepEqual(endOf(details("length"), "<|end|>", ["a"]), { reason: "end" });
  assert.throws(() => endOf(details("error"), undefined, []), ReplyFault);
});

test("an error is a sentence, or an object that holds one", () => {
  assert.equal(errorOf({ error: "oom", error_type: "generation" }), "oom");
  assert.equal(errorOf({ error: { message: "oom" } }), "oom");
  assert.equal(errorOf({ generated_text: "", error: null }), undefined);
});
