import assert from "node:assert/strict";
import test from "node:test";
import { scanObject } from "../../core/json-scan.ts";
import type { WireRequest } from "../../core/wire.ts";
import type { UpstreamCall } from "../provider.ts";
import { upstreamBody } from "./request.ts";
import { losesThoughts } from "./responses-request.ts";
import { VENDORS, type Vendor } from "./vendors.ts";

interface Asked {
  readonly model?: string;
  readonly outputCap?: number;
  readonly vendor?: Vendor;
  readonly withoutThoughts?: boolean;
  readonly request?: Partial<WireRequest>;
}

function callOf(text: string, asked: Asked): UpstreamCall {
  const bytes = Buffer.from(text);
  const model = asked.model ?? "m";
  return {
    request: {
      dialect: "responses",
      operation: "chat",
      bytes,
      members: scanObject(bytes),
      inside: 1,
      model,
      stream: false,
      includeUsage: true,
      maxOutputTokens: undefined,
      choices: 1,
      store: true,
      wordEdits: new Map(),
      headers: {},
      ...asked.request,
    },
    model,
    outputCap: asked.outputCap,
    connectTimeoutMs: 1_000,
    autoCache: false,
    withoutThoughts: asked.withoutThoughts ?? false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
  };
}

function bodyOf(text: string, asked: Asked = {}): string {
  return upstreamBody(callOf(text, asked), asked.vendor ?? VENDORS.openai).toString();
}

const INPUT = '"input":"Hi"';
const ENCRYPTED = '["reasoning.encrypted_content"]';

test("the upstream keeps nothing, whatever the client wants kept", () => {
  for (const store of ["", '"store":true,', '"store":null,']) {
    assert.match(bodyOf(`{${store}${INPUT}}`), /"store":false/, store);
  }
  const text = `{ "store" : false, ${INPUT} }`;
  assert.equal(bodyOf(text), text);
});

test("of a model that thinks its thoughts are asked for, beside what the client includes", () => {
  const asked = { model: "gpt-5.1", request: { model: "gpt-5.1" } };
  assert.equal(bodyOf(`{${INPUT}}`, asked), `{"store":false,"include":${ENCRYPTED},${INPUT}}`);
  assert.match(
    bodyOf(`{"include":["x"],${INPUT}}`, asked),
    /"include":\["x","reasoning.encrypted_content"\]/,
  );
  assert.match(bodyOf(`{"include":null,${INPUT}}`, asked), /"include":\["reasoning.encrypted_content"\]/);
  assert.match(bodyOf(`{"include":"x",${INPUT}}`, asked), /"include":"x"/);
  const twice = bodyOf(`{"include":${ENCRYPTED},${INPUT}}`, asked);
  assert.equal(twice, `{"store":false,"include":${ENCRYPTED},${INPUT}}`);
});

test("a model is known to think by its name, or by what the client asks of it; others would refuse", () => {
  const asks = (model: string, more = ""): boolean =>
    bodyOf(`{${more}${INPUT}}`, { model }).includes("encrypted_content");
  for (const model of [
    "o3",
    "o4-mini",
    "gpt-5",
    "gpt-5.1-codex",
    "codex-mini-latest",
    "us.openai.gpt-5.6-sol",
  ])
    assert.ok(asks(model), model);
  for (const model of ["gpt-4.1", "gpt-4o", "gpt-5-chat-latest", "gpt-3.5-turbo", "my-deployment", "foo3"])
    assert.ok(!asks(model), model);
  assert.ok(asks("my-deployment", '"reasoning":{"effort":"low"},'));
  assert.ok(!asks("my-deployment", '"reasoning":null,'));
});

test("engines that encrypt nothing are not asked for it", () => {
  assert.equal(bodyOf(`{${INPUT}}`, { model: "gpt-5", vendor: VENDORS.vllm }), `{"store":false,${INPUT}}`);
});

test("the cap is the response's own", () => {
  assert.match(bodyOf(`{${INPUT}}`, { outputCap: 40 }), /"max_output_tokens":40/);
  assert.match(bodyOf(`{"max_output_tokens":90,${INPUT}}`, { outputCap: 40 }), /"max_output_tokens":40/);
});

test("what is only counted is neither kept nor limited", () => {
  const text = `{"model":"m",${INPUT}}`;
  assert.equal(bodyOf(text, { outputCap: 40, request: { operation: "count-tokens" } }), text);
});

const THOUGHTS =
  '"input":[{"role":"user","content":"Hi"},{"type":"reasoning","id":"rs_1","summary":[]},' +
  '{"type":"reasoning","id":"rs_2","summary":[],"encrypted_content":"gA=="},{"type":"x","n":12345678901234567890}]';

test("thoughts that stand there by their id alone are left out: no upstream keeps them for us", () => {
  const sent = bodyOf(`{${THOUGHTS}}`);
  assert.ok(!sent.includes("rs_1"));
  assert.ok(sent.includes("rs_2"));
  assert.ok(sent.includes("12345678901234567890"));
  assert.ok(losesThoughts(callOf(`{${THOUGHTS}}`, {}), VENDORS.openai));
});

test("a model that made none of the thoughts gets none", () => {
  const sent = bodyOf(`{${THOUGHTS}}`, { withoutThoughts: true });
  assert.doesNotMatch(sent, /rs_/);
});

test("engines that show their thoughts get them back as they are", () => {
  assert.ok(bodyOf(`{${THOUGHTS}}`, { vendor: VENDORS.vllm }).includes(THOUGHTS));
});

test("an input that is a text, or no thoughts in it, is left alone", () => {
  for (const input of [
    '"input":"\\u0041"',
    '"input":"reasoning"',
    '"input":[{"role":"user","content":"\\"reasoning\\""}]',
  ])
    assert.ok(bodyOf(`{${input}}`).includes(input), input);
});
