import { checkWords, wordHeaders, type SwitchyardWords } from "./words.ts";

type Headers = Record<string, string | undefined>;

/**
 * Middleware of Vercel's AI SDK (`LanguageModelMiddleware` and `EmbeddingModelMiddleware` of the package `ai`, whose
 * types are not needed to have it).
 * https://ai-sdk.dev/docs/reference/ai-sdk-core/language-model-v2-middleware
 */
export interface SwitchyardContext {
  readonly specificationVersion: "v4";
  transformParams<Params extends { headers?: Headers | undefined }>(options: {
    readonly params: Params;
  }): Promise<Params>;
}

/**
 * Tells Switchyard what each request of a model is about, in `x-switchyard-…` headers. A header of that name that the
 * call itself gives wins.
 *
 * ```ts
 * const model = wrapLanguageModel({
 *   model: openai.chat("support.answer"),
 *   middleware: switchyardContext({ feature: "chat", user: () => session.getStore()?.user }),
 * });
 * ```
 *
 * @param words  values, or functions that are called for each request, where an AsyncLocalStorage knows more
 * @throws TypeError where a word or a value is impossible: here what is known already, from the call what a function gives
 */
export function switchyardContext(words: SwitchyardWords): SwitchyardContext {
  checkWords(words);
  return {
    specificationVersion: "v4",
    transformParams: async ({ params }) => ({
      ...params,
      headers: merged(wordHeaders(words), params.headers),
    }),
  };
}

/** Ours under the call's own; names of headers know no case, so the same name must not stand there twice. */
function merged(ours: Headers, own: Headers = {}): Headers {
  const taken = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  return { ...Object.fromEntries(Object.entries(ours).filter(([name]) => !taken.has(name))), ...own };
}
