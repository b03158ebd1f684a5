import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { FaultScript, type Fault } from "./faults.ts";

function fault(changes: Partial<Fault>): Fault {
  return { kind: "error", status: 500, every: 1, delay: 0, afterTokens: 0, ...changes };
}

test("every n-th request fails, beginning with the n-th", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), (every) => {
      const script = new FaultScript([fault({ every })]);
      for (let request = 1; request <= 30; request++) {
        assert.equal(script.next("m") !== undefined, request % every === 0, `request ${request}`);
      }
    }),
  );
});

test("a fault of one model counts and fails that model's requests alone", () => {
  const script = new FaultScript([fault({ every: 2, model: "a" })]);
  const failed = ["a", "b", "b", "a", "b", "a", "a"].map((model) => script.next(model) !== undefined);
  assert.deepEqual(failed, [false, false, false, true, false, false, true]);
});

test("of faults that are due together the first one comes, and the others count on", () => {
  const script = new FaultScript([fault({ every: 2, status: 500 }), fault({ every: 3, status: 429 })]);
  const statuses = Array.from({ length: 6 }, () => script.next("m")?.status);
  assert.deepEqual(statuses, [undefined, 500, 429, 500, undefined, 500]);
});

test("without faults nothing fails", () => {
  const script = new FaultScript([]);
  assert.deepEqual([script.next("m"), script.next("m")], [undefined, undefined]);
});
