import assert from "node:assert/strict";
import type http from "node:http";
import test, { type TestContext } from "node:test";
import { Engine } from "../../support/engine.ts";
import { startGateway, until, type TestGateway } from "../../support/gateway.ts";
import { API_KEY, callModel, lastBody, OPUS_PROFILE, SAY, sendJson } from "../traps/support.ts";
import { recordOf, told } from "./support.ts";
import { answerModel } from "./sts.ts";

const OPUS = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-7";
const NOVA = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0";
const HELLO = [{ role: "user", content: "hi" }];

/** A target on an application inference profile, one beside it, and who answers for the profile. */
interface World extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly bedrock: Engine;
  profile: (response: http.ServerResponse) => void;
  asked: number;
  /** Requests to the model itself. */
  served: number;
}

async function startWorld(): Promise<World> {
  const other = await Engine.start();
  const bedrock = await Engine.start((request, response) => {
    if (request.path.startsWith("/inference-profiles/")) {
      assert.equal(decodeURIComponent(request.path), `/inference-profiles/${OPUS_PROFILE}`);
      world.asked++;
      return world.profile(response);
    }
    world.served++;
    answerModel(response, request.path);
  });
  const gateway = await startGateway(
    `providers:
  aws: { kind: bedrock, region: us-east-1, baseUrl: "http://127.0.0.1:${bedrock.port}", apiKey: env:BEDROCK_KEY }
  eng: { kind: openai-compatible, baseUrl: "${other.url}" }
targets:
  fine: { provider: aws, model: "${OPUS_PROFILE}", tier: premium, price: { input: 1, output: 5 } }
  eng: { provider: eng, model: up, tier: premium, price: { input: 1, output: 2 } }
tasks:
  either: { targets: [fine, eng] }
`,
    { env: { BEDROCK_KEY: API_KEY } },
  );
  const world: World = {
    gateway,
    bedrock,
    profile: models(OPUS),
    asked: 0,
    served: 0,
    async [Symbol.asyncDispose]() {
      await bedrock[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
  return world;
}

function models(...arns: readonly unknown[]): (response: http.ServerResponse) => void {
  return (response) =>
    sendJson(response, JSON.stringify({ models: arns.map((modelArn) => ({ modelArn })), status: "ACTIVE" }));
}

/** The first request may find it out for those that follow, and be refused itself. */
async function assertServesAgain({ gateway }: World): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { status } = await gateway.chat({ model: "fine", messages: HELLO });
    await recordOf(gateway);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("it did not serve again");
}

/** A minute passes. */
function later(context: TestContext): void {
  const now = performance.now.bind(performance);
  context.mock.method(performance, "now", () => now() + 60_000);
}

const refusing =
  (status: number, exception: string) =>
  (response: http.ServerResponse): void =>
    sendJson(response, JSON.stringify({ message: "Scripted." }), status, { "x-amzn-errortype": exception });

/** What is said of the profile, and what the reason must name. */
const BROKEN: Readonly<Record<string, readonly [World["profile"], RegExp]>> = {
  "it is denied": [refusing(403, "AccessDeniedException"), /AccessDeniedException.*GetInferenceProfile/],
  "it is unknown": [refusing(404, "ResourceNotFoundException"), /ResourceNotFoundException/],
  "the service throttles": [refusing(429, "ThrottlingException"), /throttled/],
  "the service is broken": [refusing(500, "InternalServerException"), /InternalServerException/],
  "the answer is a page": [(response) => response.end("<html>"), /no JSON/],
  "the answer is empty": [(response) => response.end(), /no JSON|cannot be read/],
  "the answer is null": [(response) => sendJson(response, "null"), /cannot be read|0 different models/],
  "the answer has no models": [(response) => sendJson(response, "{}"), /0 different models/],
  "its models are no list": [
    (response) => sendJson(response, '{"models":"x"}'),
    /cannot be read|0 different/,
  ],
  "its models are null": [
    (response) => sendJson(response, '{"models":[null,1]}'),
    /cannot be read|0 different/,
  ],
  "its models have odd ARNs": [models(7, null, { a: 1 }), /0 different models/],
  "it has two models": [models(OPUS, NOVA), /2 different models/],
  "the connection breaks": [(response) => response.destroy(), /connection|closed|socket|reset/i],
};

for (const [what, [profile, reason]] of Object.entries(BROKEN))
  test(`where ${what}, the target is left out with a reason, the next one serves, and later it is asked again`, async (context) => {
    await using world = await startWorld();
    world.profile = profile;
    const served = await world.gateway.chat({ model: "either", messages: HELLO });
    assert.equal(served.status, 200, await served.clone().text());
    assert.equal(served.headers.get("x-switchyard-target"), "eng");
    await recordOf(world.gateway, what);
    const refused = await told(await world.gateway.chat({ model: "fine", messages: HELLO }), "openai", true);
    assert.ok(refused.status >= 400 && refused.status <= 503, `${refused.status} ${refused.message}`);
    assert.match(refused.message, reason);
    assert.ok(!/is not a function|undefined|Cannot/.test(refused.message), refused.message);
    const record = await recordOf(world.gateway, what);
    assert.equal(record.status, "refused");
    assert.equal(record.costNano, 0n);
    assert.equal(record.attempts.length, 0);
    assert.equal(world.served, 0);
    assert.ok(world.asked <= 2, "a reused connection may be asked twice");
    // A while later.
    later(context);
    world.profile = models(OPUS);
    await assertServesAgain(world);
  });

test("a model that is in no table serves with what every model can do", async () => {
  await using world = await startWorld();
  world.profile = models("arn:aws:bedrock:us-east-1::foundation-model/nobody.knows-this-v9:0");
  for (const path of ["converse", "converse-stream"]) {
    const reply = await callModel(world.gateway, path, SAY("hi"));
    assert.equal(reply.status, 200, await reply.text());
    await recordOf(world.gateway);
  }
  const chat = await world.gateway.chat({ model: "fine", messages: HELLO, temperature: 0.5 });
  assert.equal(chat.status, 200, await chat.text());
  assert.equal(lastBody(world.bedrock).inferenceConfig.temperature, 0.5);
});

test("a profile that two Regions' ARNs of one model make up is that model", async () => {
  await using world = await startWorld();
  world.profile = models(OPUS, OPUS.replace("us-east-1", "us-west-2"));
  assert.equal((await world.gateway.chat({ model: "fine", messages: HELLO })).status, 200);
});

test("many requests at once, of both dialects, ask once, whether they are answered or not", async (context) => {
  await using world = await startWorld();
  let answer: (() => void) | undefined;
  const burst = (): Promise<Response>[] =>
    Array.from({ length: 30 }, (_, at) =>
      at % 2 === 0
        ? world.gateway.chat({ model: "fine", messages: HELLO })
        : callModel(world.gateway, "converse", SAY("hi")),
    );
  world.profile = (response) => (answer = () => refusing(403, "AccessDeniedException")(response));
  const refused = burst();
  await until(() => world.gateway.gateway.inFlight === 30 && answer !== undefined, "all of them");
  answer?.();
  assert.ok((await Promise.all(refused)).every(({ status }) => status >= 400));
  assert.equal(world.asked, 1);
  later(context);
  answer = undefined;
  world.profile = (response) => (answer = () => models(OPUS)(response));
  // Whether these wait for the answer or are refused until it is there, they ask once.
  const again = burst();
  await until(() => answer !== undefined, "the question");
  (answer as (() => void) | undefined)?.();
  await Promise.all(again);
  world.gateway.records.length = 0;
  await assertServesAgain(world);
  assert.equal(world.asked, 2);
  for (const reply of await Promise.all(burst())) assert.equal(reply.status, 200);
  assert.equal(world.asked, 2, "what is known is known for good");
});

test("a client that leaves while the profile is asked for is abandoned, and nothing is sent or charged", async () => {
  await using world = await startWorld();
  let answer = (): void => {};
  world.profile = (response) => (answer = () => models(OPUS)(response));
  const leave = new AbortController();
  const asked = world.gateway.chat({ model: "fine", messages: HELLO }, { signal: leave.signal });
  await until(() => world.asked === 1, "the question");
  leave.abort();
  await assert.rejects(asked);
  // The gateway learns of it before the profile is told.
  await new Promise((resolve) => setTimeout(resolve, 100));
  answer();
  const record = await recordOf(world.gateway);
  assert.equal(record.status, "abandoned");
  assert.equal(record.costNano, 0n);
  assert.equal(world.served, 0);
  assert.equal((await world.gateway.chat({ model: "fine", messages: HELLO })).status, 200);
  assert.equal(world.served, 1);
});

test("a service that never tells of the profile keeps requests for a while, and then the next target serves", async () => {
  await using world = await startWorld();
  world.profile = () => {};
  const reply = await world.gateway.chat({ model: "either", messages: HELLO });
  assert.equal(reply.status, 200);
  assert.equal(reply.headers.get("x-switchyard-target"), "eng");
  await recordOf(world.gateway);
  const refused = await told(await world.gateway.chat({ model: "fine", messages: HELLO }), "openai", true);
  assert.match(refused.message, /no answer within/);
  assert.equal(world.asked, 1, "it is not asked again at once");
});
