import assert from "node:assert/strict";
import test from "node:test";
import { Secrets } from "./secrets.ts";

const secrets = new Secrets("sk-secret", undefined);

test("names of our account are taken out of an upstream's words, and the rest is left as it is", () => {
  const cases: readonly (readonly [said: string, told: string])[] = [
    ["no arn:aws:bedrock:us-east-1:123456789012:inference-profile/a.b.", "no (account)"],
    ["no arn:aws-us-gov:iam::123456789012:role/x now", "no (account) now"],
    ["in account 123456789012.", "in account (account)."],
    ["for org-AbCd1234EfGh and proj_AbCd1234EfGh", "for (account) and (account)"],
    ["your organization's (5f0c9a52-1b7e-4c3d-9c1f-7a2f7d6e0b11)", "your organization's ((account))"],
    ["at /subscriptions/0b1f6471/resourceGroups/ai", "at (account)"],
  ];
  for (const [said, told] of cases) {
    assert.equal(secrets.tellable(said, 500), told);
    assert.equal(secrets.hiddenIn(JSON.stringify({ error: { message: said } })), true, said);
  }
  for (const said of [
    "maximum context length is 131072 tokens, you asked for 1310720",
    "request 5f0c9a52-1b7e-4c3d-9c1f-7a2f7d6e0b11 at 1700000000123",
    "messages.0: organisation of the org-chart is project_plan",
  ]) {
    assert.equal(secrets.tellable(said, 500), said);
    assert.equal(secrets.hiddenIn(JSON.stringify({ message: said })), false, said);
  }
});

test("words with a credential in them are not told, and other values are no words", () => {
  for (const said of ["bad key sk-secret", "", undefined, null, 5, {}])
    assert.equal(secrets.tellable(said, 500), undefined);
  assert.equal(secrets.hiddenIn('{"message":"sk-\\u0073ecret"}'), true);
});

test("of a throttle only words are told that are not about what our account may use", () => {
  assert.equal(secrets.tellableThrottle("queue is full", 500), "queue is full");
  for (const said of [
    "Rate limit: Limit 5, Used 4",
    "You exceeded your current quota",
    "of your organization",
  ])
    assert.equal(secrets.tellableThrottle(said, 500), undefined);
});
