import { chat, type Model } from "./model.ts";

/** Prefixes of the system profiles of Claude since 4; older ones are in fewer. */
const EVERYWHERE = ["us", "eu", "apac", "global"];
const NEWER = ["us", "eu", "jp", "au", "ca", "global"];

/**
 * Claude by version. Sources: the AWS user guide's model pages; refusals from recorded traffic and from what users of
 * the service report. Where only a neighbour's behaviour is known, a version has its predecessor's.
 */
export const CLAUDE: readonly Model[] = [
  claude("claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", 3, {
    onDemand: true,
    scopes: ["us", "eu", "apac"],
  }),
  claude("claude-3-sonnet-20240229-v1:0", "Claude 3 Sonnet", 3, {
    onDemand: true,
    scopes: ["us", "eu", "apac"],
  }),
  claude("claude-3-opus-20240229-v1:0", "Claude 3 Opus", 3, { onDemand: true, scopes: ["us"] }),
  claude("claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet", 3.5, {
    onDemand: true,
    scopes: ["us", "eu", "apac"],
  }),
  claude("claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet v2", 3.5, {
    onDemand: true,
    scopes: ["us", "apac"],
    cache: { minimumTokens: 1_024, oneHour: false },
  }),
  claude("claude-3-5-haiku-20241022-v1:0", "Claude 3.5 Haiku", 3.5, {
    scopes: ["us"],
    media: ["document"],
    cache: { minimumTokens: 2_048, oneHour: false },
    optimizedLatency: true,
  }),
  claude("claude-3-7-sonnet-20250219-v1:0", "Claude 3.7 Sonnet", 3.7, { scopes: ["us", "eu", "apac"] }),
  claude("claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4", 4, { scopes: EVERYWHERE }),
  claude("claude-opus-4-20250514-v1:0", "Claude Opus 4", 4, { scopes: ["us"], maxOutputTokens: 32_000 }),
  claude("claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1", 4.1, {
    scopes: ["us"],
    maxOutputTokens: 32_000,
    sampling: "one",
  }),
  claude("claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", 4.5, { scopes: NEWER }),
  claude("claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5", 4.5, {
    scopes: NEWER,
    cache: { minimumTokens: 4_096, oneHour: true },
  }),
  claude("claude-opus-4-5-20251101-v1:0", "Claude Opus 4.5", 4.5, {
    scopes: NEWER,
    cache: { minimumTokens: 4_096, oneHour: true },
  }),
  claude("claude-opus-4-6-v1", "Claude Opus 4.6", 4.6, {
    scopes: NEWER,
    cache: { minimumTokens: 4_096, oneHour: true },
    maxOutputTokens: 128_000,
  }),
  claude("claude-sonnet-4-6", "Claude Sonnet 4.6", 4.6, {
    scopes: NEWER,
    cache: { minimumTokens: 2_048, oneHour: true },
  }),
  claude("claude-opus-4-7", "Claude Opus 4.7", 4.7, { scopes: NEWER, structuredOutput: false }),
  claude("claude-opus-4-8", "Claude Opus 4.8", 4.8, { scopes: NEWER }),
  claude("claude-sonnet-5", "Claude Sonnet 5", 5, {
    scopes: NEWER,
    cache: { minimumTokens: 2_048, oneHour: true },
  }),
  claude("claude-opus-5", "Claude Opus 5", 5, { scopes: NEWER }),
  claude("claude-fable-5", "Claude Fable 5", 5, { scopes: NEWER }),
];

function claude(id: string, name: string, version: number, differences: Partial<Model>): Model {
  return chat(`anthropic.${id}`, name, {
    body: "anthropic",
    onDemand: false,
    contextTokens: version >= 4.6 ? 1_000_000 : 200_000,
    maxOutputTokens: version >= 4.7 ? 128_000 : version >= 3.7 ? 64_000 : version >= 3.5 ? 8_192 : 4_096,
    burndown: version >= 3.7 ? 5 : 1,
    media: ["image", "document"],
    structuredOutput: version >= 4.5,
    cache: cacheOf(version),
    countsTokens: version >= 3.5 && version < 4.6,
    reasoning:
      version < 3.7 ? "none" : version >= 4.7 ? "adaptive" : version >= 4.6 ? "budget-or-adaptive" : "budget",
    signsReasoning: version >= 3.7,
    strictTurns: version < 4.5,
    systemTurns: version >= 4.8,
    sampling: version >= 4.7 ? "none" : version >= 4.5 ? "one" : "any",
    prefill: version < 4.6,
    ...differences,
  });
}

function cacheOf(version: number): Model["cache"] {
  if (version < 3.7) return undefined;
  return { minimumTokens: version >= 4.6 ? 4_096 : 1_024, oneHour: version >= 4.5 };
}
