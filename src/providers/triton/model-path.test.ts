import assert from "node:assert/strict";
import test from "node:test";
import { modelPath } from "./model-path.ts";

test("a model is a name, with a version or without", () => {
  assert.equal(modelPath("llama-3"), "/v2/models/llama-3");
  assert.equal(modelPath("ensemble/2"), "/v2/models/ensemble/versions/2");
  assert.equal(modelPath("ensemble/versions/12"), "/v2/models/ensemble/versions/12");
  assert.equal(modelPath("7"), "/v2/models/7");
});

test("a name cannot reach another path", () => {
  assert.equal(modelPath("../../repository/index"), "/v2/models/..%2F..%2Frepository%2Findex");
  assert.equal(modelPath("a?b#c"), "/v2/models/a%3Fb%23c");
});
