import type { Raw } from "./raw.ts";

/** What Anthropic's address is where none is written. */
export const ANTHROPIC_URL = "https://api.anthropic.com";

/** Paths that an adapter appends by itself, and the one to name in the fault. */
const APPENDED: Readonly<Record<string, { readonly ends: RegExp; readonly before: string }>> = {
  triton: { ends: /\/v2(\/(models|repository|health)(\/.*)?)?\/*$/, before: "/v2/models" },
  anthropic: { ends: /\/v1(\/(messages|models|complete)(\/.*)?)?\/*$/, before: "/v1/messages" },
  "openai-compatible": {
    ends: /\/(chat\/completions|completions|responses|embeddings)\/*$/,
    before: "/chat/completions",
  },
};
const AZURE_HOST = /\.azure\.(com|us|cn)$/;
const OPENAI_HOST = /^([a-z]+\.)?api\.openai\.com$/;

/** The host that a provider asks; undefined where its address is none. */
export function hostOf(provider: Raw): string | undefined {
  return addressOf(provider)?.hostname;
}

/** Addresses that hold more of the path, or less, than an adapter of this kind expects. */
export function addressFaults(provider: Raw): string[] {
  const kind = String(provider["kind"]);
  const url = addressOf(provider);
  const appended = Object.hasOwn(APPENDED, kind) ? APPENDED[kind] : undefined;
  if (url === undefined || appended === undefined) return [];
  const { ends, before } = appended;
  const rest = url.pathname.replace(ends, "");
  if (rest !== url.pathname)
    return [
      `holds what is appended to it; write what stands before ${before}: ${url.origin}${root(url, rest)}`,
    ];
  const isWithoutVersion =
    kind === "openai-compatible" && OPENAI_HOST.test(url.hostname) && /^\/*$/.test(url.pathname);
  return isWithoutVersion ? [`lacks OpenAI's version; write ${url.origin}/v1`] : [];
}

/** The path to write: Azure's deployments are appended, too. */
function root(url: URL, rest: string): string {
  if (AZURE_HOST.test(url.hostname)) return rest.replace(/\/openai(\/deployments\/[^/]+)?$/, "");
  return rest === "" && OPENAI_HOST.test(url.hostname) ? "/v1" : rest;
}

function addressOf({
  kind,
  baseUrl = kind === "anthropic" ? ANTHROPIC_URL : undefined,
}: Raw): URL | undefined {
  const url = typeof baseUrl === "string" ? URL.parse(baseUrl) : null;
  // Its password is a fault of its own.
  return url === null || url.username !== "" || url.password !== "" ? undefined : url;
}
