/** How one maker of an OpenAI-compatible API differs from the others: data, so that a vendor needs no code. */
export interface Vendor {
  /** `{model}` and `{apiVersion}` are filled in, here and in the paths below. */
  readonly chatPath: string;
  readonly completionsPath: string;
  readonly embeddingsPath: string;
  readonly responsesPath: string;
  /** Where the input of a response is counted; absent where nobody counts it. */
  readonly responsesCountPath?: string;
  /** Whether Responses pass where the configuration does not say; `{ since }` is the first api-version that has them. */
  readonly responses: boolean | { readonly since: string };
  /** Whether models that think give their thoughts encrypted, to be sent back to them. */
  readonly encryptsReasoning: boolean;
  /** The least output that a response may be limited to. */
  readonly leastResponse: number;
  /** The header that carries the credential. */
  readonly auth: "authorization" | "api-key";
  /** Headers of every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether `stream_options: { include_usage: true }` is understood. */
  readonly streamUsage: boolean;
  /** The parameter that limits a choice's output. */
  readonly outputCap: "max_tokens" | "max_completion_tokens";
  /** Tokens that /completions writes at most where a request does not say; absent where it is the model's context. */
  readonly completionsOutput?: number;
  /** Whether `top_k` is known. */
  readonly topK: boolean;
  /** Whether `metadata` of chat completions is taken without `store` (OpenAI answers 400). */
  readonly metadataNeedsStore: boolean;
  /** The engine's own way of counting a prompt; absent where it has none. */
  readonly counter?: "responses" | "vllm" | "llamacpp";
}

const generic: Vendor = {
  chatPath: "/chat/completions",
  completionsPath: "/completions",
  embeddingsPath: "/embeddings",
  responsesPath: "/responses",
  responses: false,
  encryptsReasoning: false,
  leastResponse: 1,
  auth: "authorization",
  streamUsage: true,
  outputCap: "max_tokens",
  topK: true,
  metadataNeedsStore: false,
};

/** What OpenAI's own models do, wherever they run. */
const openaiModels: Vendor = {
  ...generic,
  responses: true,
  encryptsReasoning: true,
  // "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16"
  leastResponse: 16,
  outputCap: "max_completion_tokens",
  // https://platform.openai.com/docs/api-reference/completions/create#completions-create-max_tokens
  completionsOutput: 16,
  topK: false,
  metadataNeedsStore: true,
};

const openai: Vendor = {
  ...openaiModels,
  responsesCountPath: "/responses/input_tokens",
  counter: "responses",
};

/** https://learn.microsoft.com/azure/ai-foundry/openai/reference */
const azure: Vendor = {
  ...openaiModels,
  chatPath: "/openai/deployments/{model}/chat/completions?api-version={apiVersion}",
  completionsPath: "/openai/deployments/{model}/completions?api-version={apiVersion}",
  embeddingsPath: "/openai/deployments/{model}/embeddings?api-version={apiVersion}",
  // The deployment stands in the body.
  responsesPath: "/openai/responses?api-version={apiVersion}",
  responses: { since: "2025-03-01" },
  auth: "api-key",
};

/**
 * Models of all makers on Azure, below …/models. Without the header it refuses what its own schema does not have.
 * https://learn.microsoft.com/rest/api/aifoundry/modelinference
 */
const foundry: Vendor = {
  ...generic,
  chatPath: "/chat/completions?api-version={apiVersion}",
  completionsPath: "/completions?api-version={apiVersion}",
  embeddingsPath: "/embeddings?api-version={apiVersion}",
  auth: "api-key",
  headers: { "extra-parameters": "pass-through" },
};

export const VENDORS = {
  generic,
  openai,
  /** Azure's newer address, …/openai/v1, which is OpenAI's but for the credential. */
  "azure-v1": { ...openaiModels, auth: "api-key" },
  azure,
  foundry,
  /** Bedrock's second address for OpenAI's API. https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-mantle.html */
  mantle: { ...openaiModels, metadataNeedsStore: false },
  // https://docs.vllm.ai/en/stable/serving/openai_compatible_server
  vllm: { ...generic, responses: true, completionsOutput: 16, counter: "vllm" },
  sglang: { ...generic, responses: true, completionsOutput: 16 },
  tgi: generic,
  // It makes chat completions of Responses itself, newer builds only; llama-cpp-python has none.
  llamacpp: { ...generic, counter: "llamacpp" },
  // https://docs.ollama.com/api/openai-compatibility, since 0.13.3
  ollama: { ...generic, responses: true },
} as const satisfies Record<string, Vendor>;

export type VendorName = keyof typeof VENDORS;

/** Azure's classic address and its newer one, for OpenAI's models. */
const AZURE_HOST = /\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)$/;
const FOUNDRY_HOST = /\.services\.ai\.azure\.(com|us|cn)$/;
const MANTLE_HOST = /^bedrock-mantle\.[a-z0-9-]+\.api\.aws$/;

/**
 * The vendor behind an address, where the configuration names none.
 *
 * @param named  what the configuration says
 */
export function vendorOf(baseUrl: string, named: VendorName | undefined): VendorName {
  const { hostname, pathname, port } = new URL(baseUrl);
  if (named === undefined && FOUNDRY_HOST.test(hostname) && /\/models\/?$/.test(pathname)) return "foundry";
  if (named === "azure" || (named === undefined && AZURE_HOST.test(hostname)))
    return /\/openai\/v1\/?$/.test(pathname) ? "azure-v1" : "azure";
  if (named !== undefined) return named;
  if (hostname === "api.openai.com") return "openai";
  if (MANTLE_HOST.test(hostname)) return "mantle";
  return port === "11434" ? "ollama" : "generic";
}

/** What the upstream is for clients of Responses. */
export type ResponsesMode = "pass" | "translate" | "only";

/** @param named  what the configuration says */
export function responsesMode(
  vendor: Vendor,
  apiVersion: string | undefined,
  named: ResponsesMode | undefined,
): ResponsesMode {
  if (named !== undefined) return named;
  const { responses } = vendor;
  // Versions are dates, with "-preview" after some.
  const has = typeof responses === "boolean" ? responses : (apiVersion ?? "") >= responses.since;
  return has ? "pass" : "translate";
}
