import assert from "node:assert/strict";
import test from "node:test";
import { servesBy } from "./serves.ts";
import { responsesMode, VENDORS } from "./vendors.ts";

test("which clients pass is the mode's to say", () => {
  const ways = (mode: "pass" | "translate" | "only"): unknown[] =>
    (["openai", "responses", "anthropic", "bedrock"] as const).map((dialect) =>
      servesBy(VENDORS.generic, mode, { dialect, operation: "chat" }),
    );
  assert.deepEqual(ways("pass"), ["pass", "pass", "translate", "translate"]);
  assert.deepEqual(ways("translate"), ["pass", "translate", "translate", "translate"]);
  assert.deepEqual(ways("only"), ["translate", "pass", "translate", "translate"]);
});

test("completions and embeddings pass, bodies that belong to a model have no place", () => {
  for (const operation of ["completions", "embeddings"] as const)
    assert.equal(servesBy(VENDORS.openai, "only", { dialect: "openai", operation }), "pass");
  assert.ok(
    typeof servesBy(VENDORS.openai, "pass", { dialect: "bedrock", operation: "invoke" }) === "object",
  );
});

test("tokens are counted where there is a counter, and by ourselves where there is none", () => {
  const count = { operation: "count-tokens" } as const;
  assert.equal(servesBy(VENDORS.openai, "pass", { ...count, dialect: "responses" }), "pass");
  assert.equal(servesBy(VENDORS.openai, "pass", { ...count, dialect: "anthropic" }), "translate");
  assert.equal(servesBy(VENDORS.openai, "translate", { ...count, dialect: "responses" }), "estimate");
  assert.equal(servesBy(VENDORS.vllm, "pass", { ...count, dialect: "responses" }), "translate");
  assert.equal(servesBy(VENDORS["azure-v1"], "pass", { ...count, dialect: "responses" }), "estimate");
  assert.equal(servesBy(VENDORS.generic, "pass", { ...count, dialect: "anthropic" }), "estimate");
});

test("Responses pass where the vendor has them, and what the configuration says holds", () => {
  const passing = Object.entries(VENDORS).flatMap(([name, vendor]) =>
    responsesMode(vendor, undefined, undefined) === "pass" ? [name] : [],
  );
  assert.deepEqual(passing.toSorted(), ["azure-v1", "mantle", "ollama", "openai", "sglang", "vllm"]);
  assert.equal(responsesMode(VENDORS.generic, undefined, "only"), "only");
  assert.equal(responsesMode(VENDORS.openai, undefined, "translate"), "translate");
});

test("Azure's classic address has Responses since an api-version", () => {
  const mode = (version: string): string => responsesMode(VENDORS.azure, version, undefined);
  assert.equal(mode("2024-10-21"), "translate");
  assert.equal(mode("2025-03-01-preview"), "pass");
  assert.equal(mode("2025-04-01-preview"), "pass");
});
