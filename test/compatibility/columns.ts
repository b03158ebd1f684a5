import http from "node:http";
import type { AddressInfo } from "node:net";
import { startGateway, type TestGateway } from "../support/gateway.ts";
import { REGION, useCredentials } from "../sagemaker/endpoint.ts";
import { PNG } from "./material.ts";
import { bearer, header } from "./upstreams/api.ts";
import { anthropicMessages } from "./upstreams/anthropic.ts";
import { startBedrock } from "./upstreams/bedrock.ts";
import { Log } from "./upstreams/model.ts";
import { openAiChat } from "./upstreams/openai-chat.ts";
import { openAiResponses } from "./upstreams/openai-responses.ts";
import { CHATML, LLAMA3 } from "./upstreams/prompt.ts";
import { sageMaker } from "./upstreams/sagemaker.ts";
import { serve } from "./upstreams/serve.ts";
import { tgi, triton } from "./upstreams/text-generation.ts";

/** A provider of the matrix: the target of its name, and what is behind it. */
export interface Column {
  readonly name: string;
  /** For the page. */
  readonly title: string;
  /** A real engine: it serves one request at a time, and answers 500 where others refuse. */
  readonly real?: boolean;
  /** Rows that it cannot be asked for, and why. */
  readonly without?: { readonly rows: RegExp; readonly why: string };
  /** What clients ask for; its name where absent. SDKs go by what names look like. */
  readonly alias?: string;
  /** It answers in its own words and cannot be told what to do: only the form of its answers is looked at. */
  readonly freeWords?: boolean;
  /** Its API shows what the model thinks, and takes it back. */
  readonly showsThoughts?: boolean;
  /** Its API counts input and output, and tells nothing of caches. */
  readonly plainUsage?: boolean;
  /** Seconds that it asks to wait when it throttles; 1, the gateway's own, where it names none. */
  readonly retryAfter?: number;
}

export const COLUMNS: readonly Column[] = [
  { name: "simulator", title: "the built-in simulator", freeWords: true },
  { name: "vllm", title: "`openai-compatible`, an engine such as vLLM", retryAfter: 7, showsThoughts: true },
  { name: "openai", title: "`openai-compatible`, OpenAI (Responses pass)", retryAfter: 7 },
  {
    name: "responses-only",
    title: "`openai-compatible`, `responses: only`",
    retryAfter: 7,
    showsThoughts: true,
  },
  { name: "azure", title: "`openai-compatible`, Azure OpenAI by deployment", retryAfter: 7 },
  {
    name: "anthropic",
    alias: "claude-sonnet-4-5-eu",
    title: "`anthropic`, Claude Sonnet 4.5",
    retryAfter: 7,
    showsThoughts: true,
  },
  {
    name: "bedrock-claude",
    alias: "us.anthropic.claude-sonnet-4-5",
    title: "`bedrock`, Claude Sonnet 4.5",
    retryAfter: 7,
    showsThoughts: true,
  },
  { name: "bedrock-nova", alias: "us.amazon.nova-lite", title: "`bedrock`, Nova Lite", retryAfter: 7 },
  { name: "bedrock-llama", alias: "us.meta.llama3-3-70b", title: "`bedrock`, Llama 3.3 70B", retryAfter: 7 },
  {
    name: "bedrock-gpt-oss",
    alias: "openai.gpt-oss-120b",
    title: "`bedrock`, gpt-oss-120b",
    retryAfter: 7,
    showsThoughts: true,
  },
  { name: "sagemaker", title: "`sagemaker`, a container that speaks OpenAI", showsThoughts: true },
  { name: "sagemaker-tgi", title: "`sagemaker`, TGI's own payload", plainUsage: true },
  { name: "triton", title: "`triton`, the vLLM backend", plainUsage: true },
];

/** A real engine, asked only when told to, because it takes minutes to build. */
export const LLAMA: Column = {
  name: "llama.cpp",
  title: "`openai-compatible`, a real llama.cpp server with a tiny random model",
  freeWords: true,
  real: true,
  without: { rows: /tool|parallel results|schema/, why: "its model says random words and holds to nothing" },
};

/** All upstreams behind one gateway. */
export interface Lab extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly columns: readonly Column[];
  readonly log: Log;
  /** Whether an upstream saw its client leave in the middle of the answer to a tag. */
  closed(tag: string): boolean;
  /** Where a picture can be fetched. */
  readonly pictureUrl: string;
}

const KEYS = { OPENAI: "upstream-openai", ANTHROPIC: "upstream-anthropic", TRITON: "upstream-triton" };

/** @param llamaUrl  of a running llama.cpp */
export async function startColumns(llamaUrl?: string): Promise<Lab> {
  useCredentials();
  delete process.env["AWS_BEARER_TOKEN_BEDROCK"];
  delete process.env["AWS_PROFILE"];
  await using stack = new AsyncDisposableStack();
  const log = new Log();
  const openAi = bearer(KEYS.OPENAI);
  const azureKey = header("api-key", KEYS.OPENAI);
  const engine = stack.use(
    await serve(log, [
      openAiChat({ engine: true, paths: /^\/(v1\/chat\/completions|tokenize)$/, admits: openAi }),
    ]),
  );
  const service = stack.use(
    await serve(log, [
      openAiChat({ engine: false, paths: /^\/v1\/chat\/completions$/, admits: openAi }),
      openAiResponses(/^\/v1\/responses(\/input_tokens)?$/, openAi),
    ]),
  );
  const azure = stack.use(
    await serve(log, [
      openAiChat({
        engine: false,
        paths: /^\/openai\/deployments\/model-up\/chat\/completions\?api-version=2025-04-01-preview$/,
        admits: azureKey,
      }),
      openAiResponses(/^\/openai\/responses\?api-version=2025-04-01-preview$/, azureKey),
    ]),
  );
  const anthropic = stack.use(await serve(log, [anthropicMessages(header("x-api-key", KEYS.ANTHROPIC))]));
  const chat = openAiChat({ engine: true, paths: /./, admits: openAi });
  const sage = stack.use(await serve(log, [sageMaker("chat-ep", chat), sageMaker("tgi-ep", tgi(CHATML))]));
  const tri = stack.use(await serve(log, [triton(LLAMA3, bearer(KEYS.TRITON))]));
  const bedrock = await startBedrock(log);
  stack.use(bedrock);
  const pictures = stack.use(await servePicture());
  const yaml = configuration({
    vllm: `kind: openai-compatible, vendor: vllm, responses: translate, baseUrl: "${engine.url}/v1", apiKey: env:OPENAI`,
    openai: `kind: openai-compatible, vendor: openai, baseUrl: "${service.url}/v1", apiKey: env:OPENAI`,
    "responses-only": `kind: openai-compatible, vendor: openai, responses: only, baseUrl: "${service.url}/v1", apiKey: env:OPENAI`,
    azure: `kind: openai-compatible, vendor: azure, apiVersion: 2025-04-01-preview, baseUrl: "${azure.url}", apiKey: env:OPENAI`,
    anthropic: `kind: anthropic, baseUrl: "${anthropic.url}", apiKey: env:ANTHROPIC, auth: x-api-key`,
    bedrock: `kind: bedrock, region: ${REGION}, baseUrl: "${bedrock.url}"`,
    sagemaker: `kind: sagemaker, region: ${REGION}, baseUrl: "${sage.url}"`,
    "sagemaker-tgi": `kind: sagemaker, region: ${REGION}, baseUrl: "${sage.url}", payload: tgi, chatTemplate: chatml`,
    triton: `kind: triton, baseUrl: "${tri.url}", apiKey: env:TRITON, chatTemplate: llama3`,
    simulator: "kind: simulator, firstToken: 1ms, tokensPerSecond: 50000",
    ...(llamaUrl !== undefined && {
      llama: `kind: openai-compatible, vendor: llamacpp, baseUrl: "${llamaUrl}"`,
    }),
  });
  const gateway = await startGateway(yaml, { env: KEYS });
  const parts = stack.move();
  return {
    gateway,
    columns: llamaUrl === undefined ? COLUMNS : [...COLUMNS, LLAMA],
    log,
    closed: (tag) =>
      log.of(tag).some(({ closed }) => closed) ||
      bedrock.requests().some(({ body, leftEarly }) => leftEarly && body.includes(`@${tag} `)),
    pictureUrl: pictures.url,
    async [Symbol.asyncDispose]() {
      // The upstreams first: an exchange that hangs on one would hold the gateway up.
      await parts.disposeAsync();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Provider and model of each column. */
const TARGETS: Readonly<Record<string, readonly [provider: string, model: string]>> = {
  simulator: ["simulator", "sim-small"],
  vllm: ["vllm", "model-up"],
  openai: ["openai", "model-up"],
  "responses-only": ["responses-only", "model-up"],
  azure: ["azure", "model-up"],
  anthropic: ["anthropic", "claude-sonnet-4-5"],
  "bedrock-claude": ["bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"],
  "bedrock-nova": ["bedrock", "us.amazon.nova-lite-v1:0"],
  "bedrock-llama": ["bedrock", "us.meta.llama3-3-70b-instruct-v1:0"],
  "bedrock-gpt-oss": ["bedrock", "openai.gpt-oss-120b-1:0"],
  sagemaker: ["sagemaker", "chat-ep"],
  "sagemaker-tgi": ["sagemaker-tgi", "tgi-ep"],
  triton: ["triton", "llm"],
  "llama.cpp": ["llama", "tiny"],
};

function configuration(providers: Readonly<Record<string, string>>): string {
  const targets = Object.entries(TARGETS)
    .filter(([, [provider]]) => provider in providers)
    .flatMap(([name, [provider, model]]) => {
      const alias = COLUMNS.find((column) => column.name === name)?.alias ?? `${name}-alias`;
      const rest = `provider: ${provider}, model: "${model}", tier: premium, price: { input: 1, output: 2 }`;
      return [
        `  ${name}: { ${rest}${name === LLAMA.name ? ", maxOutputTokens: 64" : ""}, aliases: [${alias}] }`,
        // Waits only a moment, for answers that never come.
        `  ${name}-hasty: { ${rest}, timeouts: { firstByte: 250ms }, aliases: [${alias}-hasty] }`,
      ];
    });
  return `
providers:
${Object.entries(providers)
  .map(([name, settings]) => `  ${name}: { ${settings} }`)
  .join("\n")}
targets:
  spare: { provider: simulator, model: spare, tier: small, price: { input: 1, output: 2 } }
${targets.join("\n")}
tasks:
  other: { targets: [spare] }
egress: { allow: [127.0.0.0/8] }
`;
}

async function servePicture(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { "content-type": "image/png" });
    response.end(PNG);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/pixel.png`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
