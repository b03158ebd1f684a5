import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import test from "node:test";
import { VENDORS as NAMES } from "../../config/schema-providers.ts";
import { scanObject } from "../../core/json-scan.ts";
import type { Dialect, Operation } from "../../core/wire.ts";
import { openAiCompatible, type OpenAiCompatibleOptions } from "./adapter.ts";
import { VENDORS, vendorOf } from "./vendors.ts";

test("the vendors that a configuration may name are the vendors that there are", () => {
  // "azure-v1" is chosen by the address alone.
  const own = Object.keys(VENDORS).filter((vendor) => vendor !== "azure-v1");
  assert.deepEqual([...NAMES].toSorted(), own.toSorted());
});

const GUESSES: readonly (readonly [string, string])[] = [
  ["https://api.openai.com/v1", "openai"],
  ["https://acme.openai.azure.com", "azure"],
  ["https://acme.openai.azure.com/", "azure"],
  ["https://acme.openai.azure.com/openai/v1", "azure-v1"],
  ["https://acme.openai.azure.com/openai/v1/", "azure-v1"],
  ["https://acme.cognitiveservices.azure.com", "azure"],
  ["https://acme.services.ai.azure.com/openai/v1", "azure-v1"],
  ["https://acme.openai.azure.us", "azure"],
  ["https://acme.openai.azure.cn", "azure"],
  ["https://acme.services.ai.azure.com/models", "foundry"],
  ["https://acme.services.ai.azure.com/models/", "foundry"],
  ["https://acme.services.ai.azure.com", "azure"],
  ["https://bedrock-mantle.eu-central-1.api.aws/v1", "mantle"],
  ["https://bedrock-mantle.eu-central-1.api.aws.evil.example/v1", "generic"],
  ["http://127.0.0.1:11434/v1", "ollama"],
  ["http://127.0.0.1:8000/v1", "generic"],
  ["https://eu.api.openai.com.evil.example/v1", "generic"],
  ["https://openai.azure.com.evil.example", "generic"],
  ["https://my-openai-proxy.example/v1", "generic"],
];

for (const [address, vendor] of GUESSES) {
  test(`${address} is taken for ${vendor}`, () => assert.equal(vendorOf(address, undefined), vendor));
}

test("a vendor that is named wins over the address", () => {
  assert.equal(vendorOf("https://api.openai.com/v1", "vllm"), "vllm");
  assert.equal(vendorOf("https://acme.openai.azure.com", "generic"), "generic");
  assert.equal(vendorOf("http://127.0.0.1:8000/v1", "openai"), "openai");
});

test("azure that is named may stand behind any address, in its older and its newer form", () => {
  assert.equal(vendorOf("https://gateway.example", "azure"), "azure");
  assert.equal(vendorOf("https://gateway.example/openai/v1", "azure"), "azure-v1");
});

interface Sent {
  readonly path: string;
  readonly headers: string;
}

/** What the adapter hands to its HTTP client; nobody listens at the address, and nothing leaves the machine. */
async function sent(
  options: Partial<OpenAiCompatibleOptions>,
  operation: Operation,
  model: string,
  dialect: Dialect = "openai",
): Promise<Sent> {
  const found: Sent[] = [];
  const listen = (message: unknown): void => {
    const { request } = message as { request: { path: string; headers: readonly string[] } };
    found.push({ path: request.path, headers: request.headers.join("|").toLowerCase() });
  };
  subscribe("undici:request:create", listen);
  const provider = openAiCompatible("p", {
    baseUrl: "http://127.0.0.1:1",
    apiKey: undefined,
    vendor: undefined,
    apiVersion: undefined,
    connections: 1,
    ...options,
  });
  const bytes = Buffer.from("{}");
  const request = {
    ...({
      dialect,
      operation,
      bytes,
      members: scanObject(bytes),
      inside: 1,
      model,
      stream: false,
    } as const),
    ...{
      includeUsage: false,
      maxOutputTokens: undefined,
      choices: 1,
      store: false,
      wordEdits: new Map(),
      headers: {},
    },
  };
  const none = (): void => {};
  const failed = new Promise<string>((resolve) => {
    const sink = {
      whole: none,
      chunk: none,
      end: none,
      usage: none,
      alive: none,
      head() {},
      dropped() {},
      fail: ({ kind }: { kind: string }) => resolve(kind),
    };
    provider.send(
      {
        request,
        model,
        outputCap: undefined,
        connectTimeoutMs: 1_000,
        autoCache: false,
        withoutThoughts: false,
        labels: { exchange: "x1", tenant: "acme", tags: {} },
      },
      sink,
    );
  });
  assert.equal(await failed, "connect");
  unsubscribe("undici:request:create", listen);
  await provider.close();
  const [first] = found;
  assert.ok(first !== undefined);
  return first;
}

test("the operation's path stands below the base URL, with and without a slash at its end", async () => {
  for (const baseUrl of ["http://127.0.0.1:1/a/v1", "http://127.0.0.1:1/a/v1/"]) {
    assert.equal((await sent({ baseUrl }, "chat", "m")).path, "/a/v1/chat/completions");
    assert.equal((await sent({ baseUrl }, "embeddings", "m")).path, "/a/v1/embeddings");
  }
  assert.equal((await sent({ baseUrl: "http://127.0.0.1:1" }, "chat", "m")).path, "/chat/completions");
});

test("Azure has the deployment and its version in the path, each encoded, and its key in api-key", async () => {
  const options = { vendor: "azure", apiVersion: "2024-10-21", apiKey: "secret" } as const;
  const chat = await sent(options, "chat", "gpt 4o/eu$&");
  assert.equal(chat.path, "/openai/deployments/gpt%204o%2Feu%24%26/chat/completions?api-version=2024-10-21");
  assert.match(chat.headers, /\|?api-key\|secret/);
  assert.doesNotMatch(chat.headers, /authorization/);
  const embeddings = await sent({ ...options, apiVersion: "a&b" }, "embeddings", "m");
  assert.equal(embeddings.path, "/openai/deployments/m/embeddings?api-version=a%26b");
});

test("Azure's newer address has OpenAI's paths and Azure's credential header", async () => {
  const chat = await sent(
    { vendor: "azure", baseUrl: "http://127.0.0.1:1/openai/v1", apiKey: "secret" },
    "chat",
    "m",
  );
  assert.equal(chat.path, "/openai/v1/chat/completions");
  assert.match(chat.headers, /\|?api-key\|secret/);
});

test("everybody else takes a bearer token, and none where there is no key", async () => {
  assert.match((await sent({ apiKey: "secret" }, "chat", "m")).headers, /authorization\|bearer secret/);
  assert.doesNotMatch((await sent({}, "chat", "m")).headers, /authorization|api-key/);
});

test("each operation has its path, at Azure's addresses, too", async () => {
  const paths = async (options: Partial<OpenAiCompatibleOptions>): Promise<string[]> => [
    (await sent(options, "completions", "m")).path,
    (await sent(options, "chat", "m", "responses")).path,
  ];
  assert.deepEqual(await paths({ baseUrl: "http://127.0.0.1:1/v1" }), ["/v1/completions", "/v1/responses"]);
  assert.deepEqual(await paths({ vendor: "azure", apiVersion: "2025-04-01-preview" }), [
    "/openai/deployments/m/completions?api-version=2025-04-01-preview",
    "/openai/responses?api-version=2025-04-01-preview",
  ]);
  assert.deepEqual(await paths({ vendor: "azure", baseUrl: "http://127.0.0.1:1/openai/v1" }), [
    "/openai/v1/completions",
    "/openai/v1/responses",
  ]);
  const counting = { vendor: "openai", baseUrl: "http://127.0.0.1:1/v1" } as const;
  assert.equal((await sent(counting, "count-tokens", "m", "responses")).path, "/v1/responses/input_tokens");
});

test("Foundry's models stand below one path, and let parameters through that its own schema has not", async () => {
  const options = {
    vendor: "foundry",
    baseUrl: "http://127.0.0.1:1/models",
    apiVersion: "2024-05-01-preview",
    apiKey: "secret",
  } as const;
  const chat = await sent(options, "chat", "m");
  assert.equal(chat.path, "/models/chat/completions?api-version=2024-05-01-preview");
  assert.match(chat.headers, /extra-parameters\|pass-through/);
  assert.match(chat.headers, /\|?api-key\|secret/);
});
