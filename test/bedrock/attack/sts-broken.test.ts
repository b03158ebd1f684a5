import assert from "node:assert/strict";
import type http from "node:http";
import test from "node:test";
import { until } from "../../support/gateway.ts";
import { recordOf, told } from "./support.ts";
import { ASKS, credentialsXml, sendCredentials, sendXml, startSts, stsError, type StsWorld } from "./sts.ts";

/** Asks again until it is served: what failed is remembered for a while. */
async function assertRecovers(world: StsWorld): Promise<void> {
  const chat = ASKS["chat"];
  for (let tries = 0; tries < 80; tries++) {
    const reply = await chat?.(world.gateway);
    await reply?.text();
    await recordOf(world.gateway);
    if (reply?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail("it was not served again");
}

const GARBAGE: Readonly<Record<string, (response: http.ServerResponse) => void>> = {
  nothing: (response) => sendXml(response, 200, ""),
  "a page": (response) => sendXml(response, 200, "<html><body>Hello</body></html>"),
  "half an answer": (response) =>
    sendXml(response, 200, credentialsXml("t", "2099-01-01T00:00:00Z").slice(0, 300)),
  "an answer without credentials": (response) =>
    sendXml(response, 200, "<AssumeRoleResponse><AssumeRoleResult></AssumeRoleResult></AssumeRoleResponse>"),
  "an end that is no time": (response) => sendXml(response, 200, credentialsXml("t", "soon")),
  JSON: (response) => sendXml(response, 200, '{"Credentials":null}'),
  "a bare error": (response) => sendXml(response, 500, "<html>500</html>"),
  "a denial": (response) => stsError(response, 403, "AccessDenied"),
  "a broken connection": (response) => response.destroy(),
};

for (const [what, sts] of Object.entries(GARBAGE))
  test(`STS answers ${what}: no request goes to a model, the client hears nothing of it, and it mends`, async () => {
    await using world = await startSts();
    const healthy = world.sts;
    world.sts = sts;
    const reply = await told(await (ASKS["chat"] as (typeof ASKS)[string])(world.gateway), "openai", true);
    assert.equal(reply.status, 502, reply.message);
    assert.equal(reply.code, "upstream_error");
    assert.ok(!/arn:|AKIA|127\.0\.0\.1/.test(reply.message), reply.message);
    const record = await recordOf(world.gateway, what);
    assert.equal(record.status, "failed");
    assert.equal(record.costNano, 0n);
    assert.equal(record.estimated, false);
    assert.equal(world.tokens.length, 0);
    world.sts = healthy;
    await assertRecovers(world);
  });

test("STS throttles: requests in the meantime do not ask it, too, and another target serves", async () => {
  await using world = await startSts();
  world.sts = (response) => stsError(response, 400, "Throttling");
  const either = { model: "either", messages: [{ role: "user", content: "hi" }] };
  const replies = await Promise.all(Array.from({ length: 20 }, () => world.gateway.chat(either)));
  assert.deepEqual(
    replies.map(({ status, headers }) => [status, headers.get("x-switchyard-target")]),
    replies.map(() => [200, "eng"]),
  );
  assert.equal(world.tokens.length, 0);
  assert.ok(world.asked.length <= 3, `${world.asked.length} times for 20 requests at once`);
});

test("STS that hangs is a timeout to the client, is not paid for, and another target serves", async () => {
  await using world = await startSts(", timeouts: { firstByte: 200ms }");
  world.sts = () => {};
  for (const [name, ask] of Object.entries(ASKS)) {
    const reply = await ask(world.gateway);
    assert.ok(
      [504, 408, 424, 500, 503].includes(reply.status),
      `${name}: ${reply.status} ${await reply.text()}`,
    );
    const record = await recordOf(world.gateway, name);
    assert.equal(record.code, "upstream_timeout", name);
    assert.equal(record.costNano, 0n, name);
    assert.equal(record.estimated, false, name);
  }
  const reply = await world.gateway.chat({ model: "either", messages: [{ role: "user", content: "hi" }] });
  assert.equal(reply.headers.get("x-switchyard-target"), "eng");
  assert.equal(world.tokens.length, 0);
});

test("STS that hung once is asked again: its silence does not shut a tenant out for good", async () => {
  await using world = await startSts(", timeouts: { firstByte: 200ms }");
  const healthy = world.sts;
  world.sts = () => {};
  const reply = await ASKS["chat"]?.(world.gateway);
  assert.equal(reply?.status, 504);
  await recordOf(world.gateway);
  world.sts = healthy;
  await assertRecovers(world);
});

for (const [name, ask] of Object.entries(ASKS))
  test(`${name}: a client that leaves while credentials are awaited is abandoned, pays nothing, and nothing is sent`, async () => {
    await using world = await startSts();
    let answer = (): void => {};
    world.sts = (response) => (answer = () => sendCredentials(response, "late"));
    const leave = new AbortController();
    const asked = ask(world.gateway, leave.signal);
    await until(() => world.asked.length === 1, "the request to STS");
    leave.abort();
    await assert.rejects(asked);
    const record = await recordOf(world.gateway, name);
    assert.equal(record.status, "abandoned");
    assert.equal(record.costNano, 0n);
    assert.equal(record.estimated, false);
    answer();
    // What is asked next uses what came, and is the first that is sent.
    const reply = await ASKS["Converse"]?.(world.gateway);
    assert.equal(reply?.status, 200);
    assert.deepEqual(world.tokens, ["late"]);
    await recordOf(world.gateway);
  });
