import assert from "node:assert/strict";
import test from "node:test";
import { parseConfig } from "./parse.ts";

/** What is said of a file's lines, without the file's name. */
function faultsOf(text: string): string[] {
  const result = parseConfig(text, "f", { env: { KEY: "value" }, readFile: () => "value" });
  return result.ok ? [] : result.faults.map((fault) => fault.replace(/^f:/, ""));
}

/** What is said of one provider, without its place in the file. */
function said(provider: string): string[] {
  return faultsOf(`providers:\n  p: { ${provider} }\n`).map((fault) =>
    fault.replace(/^2:\d+: providers\.p\.?/, ""),
  );
}

const CLAUDE = "kind: anthropic, apiKey: env:KEY";
const OPENAI = "kind: openai-compatible, apiKey: env:KEY";
const TRITON = "kind: triton, chatTemplate: plain";
const SAGE = "kind: sagemaker, region: eu-central-1";

test("a key of another kind is told to be one, with the keys that this kind has", () => {
  assert.deepEqual(faultsOf(`providers:\n  p: { ${CLAUDE}, vendor: openai }\n`), [
    '2:42: providers.p.vendor: unknown key "vendor"; it belongs to openai-compatible; anthropic has: apiKey, auth, baseUrl, connections',
  ]);
  assert.match(
    said(`${CLAUDE}, profile: x`)[0] ?? "",
    /^profile: unknown key "profile"; it belongs to bedrock, sagemaker; anthropic has/,
  );
});

test("a misspelt key is compared with the keys of its own kind alone", () => {
  assert.deepEqual(said(`${CLAUDE}, apikey: env:KEY`), ['apikey: unknown key; did you mean "apiKey"?']);
  // Near to openai-compatible's vendor.
  assert.deepEqual(said(`${CLAUDE}, vendr: openai`), [
    "vendr: unknown key; anthropic has: apiKey, auth, baseUrl, connections",
  ]);
  assert.deepEqual(said(`${TRITON}, baseUrl: "http://h:8000", url: "http://h"`), [
    "url: unknown key; triton has: apiKey, baseUrl, chatTemplate, connections, fields, parameters",
  ]);
  for (const key of ["__proto__", "constructor", "toString"])
    assert.match(said(`${CLAUDE}, ${key}: x`)[0] ?? "", /: unknown key; anthropic has: /, key);
});

test("an unknown key below a provider of no known kind is told without guessing the kind", () => {
  assert.deepEqual(
    said("kind: antropic, vendor: x").map((fault) => fault.split(";")[0]),
    ["kind: is none of the known values"],
  );
});

test("an address that holds what is appended to it is told what to write", () => {
  const appended = (before: string, url: string): string[] => [
    `baseUrl: holds what is appended to it; write what stands before ${before}: ${url}`,
  ];
  for (const [url, root] of [
    ["http://h:8000/v2", "http://h:8000"],
    ["http://h:8000/v2/", "http://h:8000"],
    ["http://h:8000/v2/models", "http://h:8000"],
    ["https://h/triton/v2/models/llm/generate", "https://h/triton"],
    ["http://h:8000/v2/health/ready", "http://h:8000"],
  ] as const)
    assert.deepEqual(said(`${TRITON}, baseUrl: "${url}"`), appended("/v2/models", root), url);
  for (const [url, root] of [
    ["https://api.anthropic.com/v1", "https://api.anthropic.com"],
    ["https://api.anthropic.com/v1/", "https://api.anthropic.com"],
    ["http://h:8000/v1/messages", "http://h:8000"],
    ["http://h:8000/v1/messages/count_tokens", "http://h:8000"],
    ["https://n.services.ai.azure.com/anthropic/v1", "https://n.services.ai.azure.com/anthropic"],
  ] as const)
    assert.deepEqual(said(`${CLAUDE}, baseUrl: "${url}"`), appended("/v1/messages", root), url);
  for (const [url, root] of [
    ["http://h:8000/v1/chat/completions", "http://h:8000/v1"],
    ["http://h:8000/v1/responses/", "http://h:8000/v1"],
    ["http://h:8000/v1/embeddings", "http://h:8000/v1"],
    ["https://api.openai.com/chat/completions", "https://api.openai.com/v1"],
    ["https://n.services.ai.azure.com/openai/v1/responses", "https://n.services.ai.azure.com/openai/v1"],
    [
      "https://n.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21",
      "https://n.openai.azure.com",
    ],
  ] as const)
    assert.deepEqual(
      said(`${OPENAI}, apiVersion: "2024-10-21", baseUrl: "${url}"`),
      appended("/chat/completions", root),
      url,
    );
});

test("an address that holds as much as it should is taken", () => {
  for (const provider of [
    `${TRITON}, baseUrl: "http://v2:8000"`,
    `${TRITON}, baseUrl: "https://h/v2/team"`,
    `${CLAUDE}, baseUrl: "https://n.services.ai.azure.com/anthropic"`,
    `${CLAUDE}, baseUrl: "https://h/v1/claude"`,
    CLAUDE,
    `${OPENAI}, baseUrl: "https://api.openai.com/v1"`,
    `${OPENAI}, baseUrl: "https://api.openai.com/v1/"`,
    `${OPENAI}, baseUrl: "http://h:8000"`,
    `${OPENAI}, baseUrl: "https://h/responses/v1"`,
    `${OPENAI}, baseUrl: "https://n.services.ai.azure.com/models", apiVersion: "2024-05-01-preview"`,
  ])
    assert.deepEqual(said(provider), [], provider);
});

test("OpenAI's address without its version is told", () => {
  for (const url of ["https://api.openai.com", "https://api.openai.com/"])
    assert.deepEqual(said(`${OPENAI}, baseUrl: "${url}"`), [
      "baseUrl: lacks OpenAI's version; write https://api.openai.com/v1",
    ]);
});

test("hosts that answer nobody without a key need one, engines do not", () => {
  const needs = (host: string, variable: string): string[] => [
    `apiKey: is missing, and ${host} refuses who has none; write apiKey: env:${variable}`,
  ];
  assert.deepEqual(said("kind: anthropic"), needs("api.anthropic.com", "ANTHROPIC_API_KEY"));
  assert.deepEqual(
    said('kind: anthropic, baseUrl: "https://n.services.ai.azure.com/anthropic"'),
    needs("n.services.ai.azure.com", "AZURE_API_KEY"),
  );
  assert.deepEqual(
    said('kind: anthropic, baseUrl: "https://bedrock-mantle.eu-west-1.api.aws/anthropic"'),
    needs("bedrock-mantle.eu-west-1.api.aws", "AWS_BEARER_TOKEN_BEDROCK"),
  );
  assert.deepEqual(
    said('kind: openai-compatible, baseUrl: "https://api.openai.com/v1"'),
    needs("api.openai.com", "OPENAI_API_KEY"),
  );
  for (const provider of [
    'kind: anthropic, baseUrl: "http://127.0.0.1:8000"',
    'kind: anthropic, baseUrl: "https://api.anthropic.com.example"',
    'kind: openai-compatible, baseUrl: "http://127.0.0.1:8000/v1"',
  ])
    assert.deepEqual(said(provider), [], provider);
});

test("a model on SageMaker is an endpoint, or an endpoint and a component", () => {
  const faults = (model: string): string[] =>
    faultsOf(
      `providers: { s: { ${SAGE} }, o: { kind: simulator } }\ntargets:\n` +
        `  t: { provider: s, model: "${model}", tier: dedicated, price: { input: 1, output: 1 } }\n` +
        `  u: { provider: o, model: "a_b/c/d", tier: dedicated, price: { input: 1, output: 1 } }\n`,
    );
  for (const model of ["ep", "my-ep-2", "ep/llama-8b", "a".repeat(63)])
    assert.deepEqual(faults(model), [], model);
  for (const model of [
    "a/b/c",
    "ep/",
    "/c",
    "my_ep",
    "-ep",
    "ep-",
    "a".repeat(64),
    "meta/llama 8b",
    "ep\\n",
  ]) {
    assert.equal(faults(model).length, 1, model);
    assert.match(
      faults(model)[0] ?? "",
      /^3:28: targets\.t\.model: is neither ENDPOINT nor ENDPOINT\/COMPONENT; write the endpoint's name/,
    );
  }
});

test("where a conversation becomes one text, its form must be written", () => {
  for (const payload of ["tgi", "djl"]) {
    assert.match(
      said(`${SAGE}, payload: ${payload}`).join("\n"),
      new RegExp(
        `^chatTemplate: is missing, and payload ${payload} takes one text; write .* llama3, .*, plain$`,
      ),
    );
    for (const template of ["plain", "llama3"])
      assert.deepEqual(said(`${SAGE}, payload: ${payload}, chatTemplate: ${template}`), []);
  }
  assert.deepEqual(said('kind: triton, baseUrl: "http://h:8000"'), [
    "chatTemplate: is missing; write one of llama3, llama2, mistral, chatml, gemma, phi3, plain",
  ]);
});

test("a key of sagemaker that the payload has no use for is told", () => {
  for (const payload of ["openai", "openai-path"]) {
    assert.deepEqual(said(`${SAGE}, payload: ${payload}, chatTemplate: plain`), [
      `chatTemplate: has no effect with payload ${payload}; leave it out`,
    ]);
    assert.deepEqual(said(`${SAGE}, payload: ${payload}, sendModel: m`), []);
  }
  assert.deepEqual(said(`${SAGE}, chatTemplate: llama3`), [
    "chatTemplate: has no effect with payload openai; leave it out",
  ]);
  assert.deepEqual(said(`${SAGE}, payload: djl, chatTemplate: llama3, sendModel: m`), [
    "sendModel: has no effect with payload djl; leave it out",
  ]);
});

test("an address that is missing or none is answered with one that fits the kind", () => {
  for (const [provider, example] of [
    [OPENAI, "http://127.0.0.1:8000/v1"],
    [TRITON, "http://127.0.0.1:8000"],
  ])
    assert.deepEqual(said(provider ?? ""), [`baseUrl: is missing; write baseUrl: ${example}`]);
  for (const [provider, example] of [
    [OPENAI, "http://127.0.0.1:8000/v1"],
    [TRITON, "http://127.0.0.1:8000"],
    [CLAUDE, "http://127.0.0.1:8000"],
    [SAGE, "https://runtime.sagemaker.eu-central-1.amazonaws.com"],
  ])
    assert.deepEqual(said(`${provider}, baseUrl: "h:8000"`), [
      `baseUrl: is no http or https address; write one such as ${example}`,
    ]);
  assert.deepEqual(said("kind: bedrock"), ["region: is missing; write region: eu-central-1"]);
  assert.deepEqual(said(`${TRITON}, baseUrl: 8000`), ["baseUrl: is not a text"]);
});

test("a reference to a secret that names nothing is told so, not called a secret", () => {
  const apiKey = (value: string): string[] => said(`kind: anthropic, apiKey: "${value}"`);
  assert.deepEqual(apiKey("env:"), ["apiKey: names no variable; write env:NAME"]);
  assert.deepEqual(apiKey("file:"), ["apiKey: names no file; write file:PATH"]);
  assert.match(apiKey("env:1A")[0] ?? "", /^apiKey: holds a literal secret/);
});

test("a number where days belong is told with its unit", () => {
  const retention = (value: string): string[] => faultsOf(`responses: { retention: ${value} }\n`);
  assert.deepEqual(retention("30"), ["1:25: responses.retention: write a number of days such as 30d"]);
  for (const value of ["0", "1.5", "[]", "yes"])
    assert.match(retention(value)[0] ?? "", /write a number of days such as 90d$/, value);
  assert.deepEqual(retention("30d"), []);
});
