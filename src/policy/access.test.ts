import assert from "node:assert/strict";
import test from "node:test";
import { Access } from "./access.ts";
import type { KeyRecord } from "./key.ts";

function access(tenant: readonly string[], key: readonly string[] | undefined): Access {
  const record: KeyRecord = {
    id: "id",
    prefix: "sy-00000000",
    digest: Buffer.alloc(32),
    tenant: "acme",
    name: undefined,
    rights: { defaults: {}, pinned: {}, tasks: key, actFor: [], metadataWords: false, aws: false },
    createdAtMs: 0,
    expiresAtMs: undefined,
    revokedAtMs: undefined,
  };
  return new Access({ tasks: tenant }, record);
}

test("a key without a list of its own may use what its tenant may", () => {
  const may = access(["support.*", "report"], undefined);
  assert.equal(may.mayUseTask("support.answer"), true);
  assert.equal(may.mayUseTask("report"), true);
  assert.equal(may.mayUseTask("report.write"), false);
});

test("a key's list narrows its tenant's and never widens it", () => {
  const may = access(["support.*"], ["*.answer", "report"]);
  assert.equal(may.mayUseTask("support.answer"), true);
  assert.equal(may.mayUseTask("support.triage"), false);
  assert.equal(may.mayUseTask("sales.answer"), false);
  assert.equal(may.mayUseTask("report"), false);
});

test("a tenant, or a key, with an empty list may use nothing", () => {
  for (const may of [access([], undefined), access(["*"], [])]) {
    assert.equal(may.mayUseTask("a"), false);
    assert.equal(may.mayUseTarget(["a"]), false);
    assert.equal(may.mayUseTarget([]), false);
    assert.equal(may.describe(), "nothing");
  }
});

test("whoever may use every task may name every target, also one that no task lists", () => {
  assert.equal(access(["*"], undefined).mayUseTarget([]), true);
  assert.equal(access(["*"], ["*"]).mayUseTarget([]), true);
  assert.equal(access(["x", "*"], ["y", "*"]).mayUseTarget([]), true);
});

test("whoever may use some tasks may name the targets that one of them lists", () => {
  const may = access(["*"], ["support.*"]);
  assert.equal(may.mayUseTarget(["report", "support.answer"]), true);
  assert.equal(may.mayUseTarget(["report"]), false);
  assert.equal(may.mayUseTarget([]), false);
  assert.equal(access(["support.*"], ["*"]).mayUseTarget(["report"]), false);
});

test("a refusal says what may be used instead: the key's list, else the tenant's", () => {
  assert.equal(access(["a", "b.*"], undefined).describe(), "a, b.*");
  assert.equal(access(["*"], ["c"]).describe(), "c");
});
