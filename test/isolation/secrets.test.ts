import assert from "node:assert/strict";
import type http from "node:http";
import test from "node:test";
import { writeException } from "../../src/core/event-stream.ts";
import { error as anthropicError, event as anthropicEvent } from "../anthropic/engine.ts";
import { event as responsesEvent, nativeResponse } from "../responses/setup.ts";
import { streamException } from "../sagemaker/endpoint.ts";
import { plain, type Script, type Seen } from "../support/engine.ts";
import { wireOf } from "./wires.ts";
import { ask, assertIdle, KEYS, PAIRS, startWorld, type Reply, type World } from "./world.ts";

/** What upstreams say of our account and our keys, and what the prompt says, stays where it belongs. */

const ARN = "arn:aws:bedrock:eu-west-1:210987654321:application-inference-profile/a1b2c3";
const ORGANISATION = "org-Zx81kQw0Pd93Lm4nTvYb";
const UUID = "5f0c9a52-1b7e-4c3d-9c1f-7a2f7d6e0b11";
const SUBSCRIPTION = "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/ai";
const ACCOUNT = [ARN, "210987654321", ORGANISATION, UUID, SUBSCRIPTION, "2995077"];

const SAID = {
  arn: `Could not resolve the model from the identifier ${ARN}.`,
  account: "The role in account 210987654321 has no such endpoint.",
  organisation: `The model is not there for organization ${ORGANISATION}.`,
  uuid: `Your organization (${UUID}) must be verified first.`,
  subscription: `The resource ${SUBSCRIPTION} has no such deployment.`,
};
const THROTTLE = `Rate limit reached in organization ${ORGANISATION} on tokens per min (TPM): Limit 30000, Used 2995077, Requested 200.`;

/** Headers that tell of our account. */
const HEADERS = {
  "openai-organization": ORGANISATION,
  "openai-project": "proj_Zx81kQw0Pd93Lm4nTvYb",
  "anthropic-organization-id": UUID,
  "anthropic-ratelimit-tokens-remaining": "2995077",
  "x-ratelimit-remaining-tokens": "2995077",
  "x-amzn-sagemaker-custom-attributes": ARN,
  "x-amzn-invoked-production-variant": ARN,
  "set-cookie": `session=${UUID}`,
};

/** All that a client reads, and all that is kept. */
async function everything(world: World, reply: Reply): Promise<string> {
  const id = reply.headers["x-switchyard-exchange"];
  const record = await world.gateway.record(String(id));
  const kept = JSON.stringify(record, (_key, value: unknown) =>
    typeof value === "bigint" ? String(value) : value,
  );
  return `${JSON.stringify(reply.headers)}\n${reply.text}\n${kept}`;
}

function assertNone(text: string, hidden: readonly string[], what: string): void {
  for (const one of hidden) assert.ok(!text.includes(one), `${what} tells ${one}: ${text}`);
}

/** A refusal in the form of the API at a path. */
function refusal(request: Seen, said: string): string {
  const { path } = request;
  if (path.includes("/invocations") || path.startsWith("/model/")) return JSON.stringify({ message: said });
  if (path.includes("/v2/models/")) return JSON.stringify({ error: said });
  if (path.endsWith("/messages")) return anthropicError("invalid_request_error", said);
  return JSON.stringify({ error: { message: said, type: "invalid_request_error", code: null, param: null } });
}

function refusing(status: number, said: string): Script {
  return (request, response) => plain(response, status, refusal(request, said), HEADERS);
}

test("a refusal names our account neither to the client nor in the record, and its other words are told", async () => {
  await using world = await startWorld(refusing(400, ""));
  for (const status of [400, 404, 413, 500, 529])
    for (const said of Object.values(SAID)) {
      world.engine.script = refusing(status, said);
      for (const [client, model] of PAIRS) {
        const reply = await ask(world, client, model, status === 404);
        const text = await everything(world, reply);
        assertNone(text, ACCOUNT, `${client} ${model} ${status}`);
        assert.ok(reply.text.includes(said.slice(0, 12)), `${client} ${model} ${status}: ${reply.text}`);
      }
    }
  await assertIdle(world);
});

test("a throttle does not tell how much of our account's limits others have used", async () => {
  await using world = await startWorld(refusing(429, THROTTLE));
  for (const [client, model] of PAIRS) {
    const reply = await ask(world, client, model, true);
    // SageMaker's own are told by their class, and what a proxy says is not.
    assert.equal(reply.status, 429, `${client} ${model} ${reply.text}`);
    assertNone(await everything(world, reply), [...ACCOUNT, "Limit 30000"], `${client} ${model}`);
  }
});

test("replies that are passed on are passed without headers about our account", async () => {
  await using world = await startWorld((request, response) => {
    const wire = wireOf(request);
    response.writeHead(200, { "content-type": wire.type, ...HEADERS });
    response.end(Buffer.concat([wire.open, wire.word("hello"), wire.end]));
  });
  for (const [client, model] of PAIRS) {
    const text = await everything(world, await ask(world, client, model, true));
    assert.match(text, /hello/);
    assertNone(text, ACCOUNT, `${client} ${model}`);
  }
});

/** Breaks off in the form of the API at a path, with an error. */
function breakOff(request: Seen, response: http.ServerResponse, said: string): void {
  const { path } = request;
  const end = (bytes: Buffer | string): void => void response.end(bytes);
  if (path.startsWith("/model/"))
    return end(writeException("throttlingException", JSON.stringify({ message: said })));
  if (path.includes("/invocations")) return end(streamException("ModelStreamError", { Message: said }));
  if (path.includes("/v2/models/")) return end(`data: ${JSON.stringify({ error: said })}\n\n`);
  if (path.endsWith("/messages"))
    return end(anthropicEvent("error", { error: { type: "rate_limit_error", message: said } }));
  if (!path.includes("/responses")) return end(`data: ${JSON.stringify({ error: { message: said } })}\n\n`);
  const failed = nativeResponse([], "failed");
  const error = { code: "rate_limit_exceeded", message: said };
  end(responsesEvent("response.failed", 9, { response: { ...failed, error } }));
}

test("an error in mid-stream names neither our account nor our keys", async () => {
  const all = [...Object.values(SAID), ...Object.values(KEYS).map((key) => `Incorrect API key: ${key}.`)];
  await using world = await startWorld(() => {});
  for (const said of all) {
    world.engine.script = (request, response) => {
      const wire = wireOf(request);
      response.writeHead(200, { "content-type": wire.type });
      response.write(Buffer.concat([wire.open, wire.word("begun")]));
      breakOff(request, response, said);
    };
    for (const [client, model] of PAIRS) {
      const key = { claude: "ANT", native: "NAT", azure: "AZU", bedrock: "AWS", sage: "", triton: "TRI" }[
        model
      ];
      const own = key === "" ? "" : KEYS[`${key}_KEY` as keyof typeof KEYS];
      // An upstream knows no key but the one that opens it.
      if (Object.values(KEYS).some((value) => value !== own && said.includes(value))) continue;
      const text = await everything(world, await ask(world, client, model, true));
      assert.match(text, /begun/, `${client} ${model}`);
      assertNone(text, [...ACCOUNT, ...Object.values(KEYS)], `${client} ${model}`);
    }
  }
});

test("what a refusal quotes of the prompt is the client's alone, also where it looks like our account's fault", async () => {
  const prompt = "CANARY-PROMPT, your credit balance is too low";
  await using world = await startWorld(refusing(400, `messages.0: cannot take "${prompt}"`));
  for (const [client, model] of PAIRS) {
    const reply = await ask(world, client, model, false);
    assert.ok([400, 502].includes(reply.status));
    assert.match(reply.text, /CANARY-PROMPT/, `${client} ${model}`);
    const id = String(reply.headers["x-switchyard-exchange"]);
    const kept = JSON.stringify(await world.gateway.record(id), (_key, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    assert.doesNotMatch(kept, /CANARY/, `${client} ${model}`);
    assert.doesNotMatch(kept, /account/);
  }
});
