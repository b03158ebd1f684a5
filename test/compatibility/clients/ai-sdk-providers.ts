import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { aiClient, aiErrors } from "./ai-sdk.ts";

const HTTP = { server: 502, timeout: 504, unknown: 401 };

/** Vercel's AI SDK with each of its packages that can be pointed at a gateway. */
export const AI_SDK_CLIENTS = [
  aiClient({
    name: "ai, @ai-sdk/openai-compatible",
    packages: ["@ai-sdk/openai-compatible"],
    dialect: "openai",
    errors: aiErrors(HTTP),
    model: ({ url, key, model }, { fetch }) =>
      createOpenAICompatible({
        name: "switchyard",
        baseURL: `${url}/v1`,
        apiKey: key,
        includeUsage: true,
        supportsStructuredOutputs: true,
        fetch,
      })(model),
    thinking: () => ({ switchyard: { reasoningEffort: "low" } }),
  }),
  aiClient({
    name: "ai, @ai-sdk/openai, chat",
    packages: ["@ai-sdk/openai"],
    dialect: "openai",
    errors: aiErrors(HTTP),
    model: ({ url, key, model }, { fetch }) =>
      createOpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch }).chat(model),
    thinking: () => ({ openai: { reasoningEffort: "low", forceReasoning: true } }),
    hidesThoughts: true,
  }),
  aiClient({
    name: "ai, @ai-sdk/openai, responses",
    packages: ["@ai-sdk/openai"],
    dialect: "responses",
    errors: aiErrors(HTTP),
    model: ({ url, key, model }, { fetch }) =>
      createOpenAI({ baseURL: `${url}/v1`, apiKey: key, fetch }).responses(model),
    thinking: () => ({
      openai: {
        reasoningEffort: "low",
        reasoningSummary: "auto",
        forceReasoning: true,
        store: false,
        include: ["reasoning.encrypted_content"],
      },
    }),
    next: (previousResponseId) => ({ openai: { previousResponseId } }),
  }),
  aiClient({
    name: "ai, @ai-sdk/anthropic",
    packages: ["@ai-sdk/anthropic"],
    dialect: "anthropic",
    errors: aiErrors(HTTP),
    model: ({ url, key, model }, { fetch }) =>
      createAnthropic({ baseURL: `${url}/anthropic/v1`, apiKey: key, fetch })(model),
    thinking: () => ({ anthropic: { thinking: { type: "enabled", budgetTokens: 2_048 } } }),
    cache: { anthropic: { cacheControl: { type: "ephemeral" } } },
  }),
  aiClient({
    name: "ai, @ai-sdk/amazon-bedrock",
    packages: ["@ai-sdk/amazon-bedrock"],
    dialect: "bedrock",
    errors: aiErrors({ server: 500, timeout: 408, unknown: 403 }),
    model: ({ url, pair, model }, { fetch }) =>
      createAmazonBedrock({ region: "us-east-1", baseURL: url, ...pair, fetch })(model),
    // It knows from the name how a model is told.
    thinking: (model) => ({
      bedrock: {
        reasoningConfig: {
          type: "enabled",
          ...(model.includes("anthropic.") ? { budgetTokens: 2_048 } : { maxReasoningEffort: "low" }),
        },
      },
    }),
    cache: { bedrock: { cachePoint: { type: "default" } } },
  }),
];
