/** How one maker of an OpenAI-compatible API differs from the others: data, so that a vendor needs no code. */
export interface Vendor {
  readonly chatPath: string;
  /** `{model}` and `{apiVersion}` are filled in. */
  readonly embeddingsPath: string;
  /** The header that carries the credential. */
  readonly auth: "authorization" | "api-key";
  /** Whether `stream_options: { include_usage: true }` is understood. */
  readonly streamUsage: boolean;
  /** The parameter that limits a choice's output. */
  readonly outputCap: "max_tokens" | "max_completion_tokens";
  /** Whether `top_k` is known. */
  readonly topK: boolean;
  /** Whether `metadata` is taken without `store` (OpenAI answers 400). */
  readonly metadataNeedsStore: boolean;
}

const generic: Vendor = {
  chatPath: "/chat/completions",
  embeddingsPath: "/embeddings",
  auth: "authorization",
  streamUsage: true,
  outputCap: "max_tokens",
  topK: true,
  metadataNeedsStore: false,
};

const openai: Vendor = {
  ...generic,
  outputCap: "max_completion_tokens",
  topK: false,
  metadataNeedsStore: true,
};

export const VENDORS = {
  generic,
  openai,
  /** Azure's newer address, …/openai/v1, which is OpenAI's but for the credential. */
  "azure-v1": { ...openai, auth: "api-key" },
  azure: {
    ...openai,
    chatPath: "/openai/deployments/{model}/chat/completions?api-version={apiVersion}",
    embeddingsPath: "/openai/deployments/{model}/embeddings?api-version={apiVersion}",
    auth: "api-key",
  },
  vllm: generic,
  sglang: generic,
  tgi: generic,
  llamacpp: generic,
  ollama: generic,
} as const satisfies Record<string, Vendor>;

export type VendorName = keyof typeof VENDORS;

/**
 * The vendor behind an address, where the configuration names none.
 *
 * @param named  what the configuration says
 */
export function vendorOf(baseUrl: string, named: VendorName | undefined): VendorName {
  const url = new URL(baseUrl);
  const isAzure =
    named === "azure" ||
    (named === undefined &&
      /\.(openai|cognitiveservices|services\.ai)\.azure\.(com|us|cn)$/.test(url.hostname));
  if (isAzure) return /\/openai\/v1\/?$/.test(url.pathname) ? "azure-v1" : "azure";
  if (named !== undefined) return named;
  if (url.hostname === "api.openai.com") return "openai";
  return url.port === "11434" ? "ollama" : "generic";
}
