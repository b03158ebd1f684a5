import assert from "node:assert/strict";
import test from "node:test";
import { startGateway, targetsOn } from "../support/gateway.ts";
import { assertAlive, assertErrorBody, ask, startPair } from "./support.ts";

test("a model id of 2,048 characters stands in the path, percent-encoded or not", async () => {
  await using pair = await startPair();
  const id = `arn:aws:bedrock:eu-west-1:1:x/${"m".repeat(2_048)}`.slice(0, 2_048);
  for (const spelt of [
    id,
    encodeURIComponent(id),
    Buffer.from(id).toString("hex").replaceAll(/../g, "%$&"),
  ]) {
    const reply = await ask(pair.gateway.port, `GET /v1/models/${spelt} HTTP/1.1`, {
      "x-api-key": pair.gateway.key,
    });
    assert.equal(reply.status, 404);
    const { message } = assertErrorBody(reply.body, "model_not_found", /there is no model/);
    assert.ok(message.includes(id.slice(0, 60)));
  }
  await assertAlive(pair);
});

test("a model's name with slashes and colons is found in the path, percent-encoded or not", async () => {
  await using gateway = await startGateway(targetsOn("http://127.0.0.1:9/v1", ["org/model:v1"]));
  for (const spelt of ["org/model:v1", "org%2Fmodel%3Av1", "org%2fmodel:v1", "%6Frg/model:v1"]) {
    const reply = await ask(gateway.port, `GET /v1/models/${spelt} HTTP/1.1`, { "x-api-key": gateway.key });
    assert.equal(reply.status, 200, spelt);
    assert.equal((JSON.parse(reply.body) as { id: string }).id, "org/model:v1");
  }
});
