import { ChatAnthropic } from "@langchain/anthropic";
import { ChatBedrockConverse } from "@langchain/aws";
import { SystemMessage } from "@langchain/core/messages";
import { ChatOpenAI } from "@langchain/openai";
import type { Ask, AskPart } from "../ask.ts";
import { ANTHROPIC_ERRORS, anthropicFailure } from "./anthropic.ts";
import { AWS_ERRORS, awsClient, awsFailure } from "./aws-shared.ts";
import { langChainClient, newerPart, standardPart, type LangChainModel } from "./langchain.ts";
import { OPENAI_ERRORS, openAiFailure } from "./openai-chat.ts";
import { cannot, dataUrl } from "./shared.ts";

const THINKING = {
  reasoning: { effort: "low", summary: "auto" },
  include: ["reasoning.encrypted_content"],
  store: false,
};

/** LangChain knows this one by its words. */
function overflow(error: unknown): ReturnType<typeof openAiFailure> {
  if (!(error instanceof Error) || error.name !== "ContextOverflowError") return undefined;
  return { name: error.name, status: undefined, code: "", message: error.message };
}

function openAi(name: string, useResponsesApi: boolean): LangChainModel {
  return {
    name,
    packages: ["@langchain/openai"],
    dialect: useResponsesApi ? "responses" : "openai",
    errors: {
      ...OPENAI_ERRORS,
      "bad-request": { name: "BadRequestError|UnprocessableEntityError|ContextOverflowError" },
      stream: { name: "APIError|Error" },
    },
    model: ({ url, key, model }, { fetch }, ask) =>
      new ChatOpenAI({
        model,
        apiKey: key,
        maxRetries: 0,
        useResponsesApi,
        streamUsage: true,
        configuration: { baseURL: `${url}/v1`, fetch },
        ...(ask.temperature !== undefined && { temperature: ask.temperature }),
        ...(ask.maxTokens !== undefined && { maxTokens: ask.maxTokens }),
        // Its own setting is left out for models whose names it does not know.
        ...(ask.thinking === true && {
          modelKwargs: useResponsesApi ? THINKING : { reasoning_effort: "low" },
        }),
      }),
    options: (ask) => (useResponsesApi ? refuseLeftOut(ask) : schemaFormat(ask)),
    anyTool: "required",
    failure: (error) => openAiFailure(error) ?? overflow(error),
    part: (part) =>
      part.type === "text-document"
        ? cannot("has no documents of plain text")
        : useResponsesApi
          ? responsesPart(part)
          : standardPart(part),
    ...(!useResponsesApi && { hidesThoughts: true }),
    developer: true,
    ...(useResponsesApi && { next: (id: string) => ({ previous_response_id: id }) }),
  };
}

/** In the API's own form: LangChain leaves its newer blocks out of Responses, and writes older ones as chat completions do. */
function responsesPart(part: Exclude<AskPart, { type: "text" | "text-document" }>): Record<string, unknown> {
  if (part.type === "image-url") return { type: "input_image", detail: "auto", image_url: part.url };
  const url = dataUrl(part.mediaType, part.base64);
  if (part.type === "image") return { type: "input_image", detail: "auto", image_url: url };
  return { type: "input_file", filename: part.name, file_data: url };
}

/** What LangChain leaves out of Responses without a word. */
function refuseLeftOut(ask: Ask): object {
  if (ask.stop !== undefined) cannot("leaves stop sequences out");
  if (ask.toolChoice === "any") cannot("leaves out that some tool must be called");
  return schemaFormat(ask);
}

function schemaFormat({ schema }: Ask): object {
  return schema === undefined
    ? {}
    : { response_format: { type: "json_schema", json_schema: { name: "place", schema, strict: true } } };
}

/** LangChain for JavaScript. */
export const LANGCHAIN_CLIENTS = [
  langChainClient(openAi("@langchain/openai, chat", false)),
  langChainClient(openAi("@langchain/openai, responses", true)),
  langChainClient({
    name: "@langchain/anthropic",
    packages: ["@langchain/anthropic"],
    dialect: "anthropic",
    // It brings an older SDK, with fewer classes.
    errors: {
      ...ANTHROPIC_ERRORS,
      "bad-request": { name: "BadRequestError|UnprocessableEntityError|ContextOverflowError" },
      "too-large": { name: "APIError|BadRequestError" },
      overloaded: { name: "InternalServerError" },
      timeout: { name: "InternalServerError", status: 504 },
    },
    quirks: {
      "usage, streamed":
        "it reads the input's tokens at the stream's beginning only, where other APIs have not told them yet",
    },
    model: ({ url, key, model }, { fetch }, ask) =>
      new ChatAnthropic({
        model,
        apiKey: key,
        anthropicApiUrl: `${url}/anthropic`,
        maxRetries: 0,
        clientOptions: { fetch },
        maxTokens: ask.maxTokens ?? 1_024,
        ...(ask.temperature !== undefined && { temperature: ask.temperature }),
        ...(ask.thinking === true && { thinking: { type: "enabled", budget_tokens: 2_048 } }),
        ...(ask.schema && { outputConfig: { format: { type: "json_schema", schema: { ...ask.schema } } } }),
      }),
    failure: (error) => anthropicFailure(error) ?? overflow(error),
    part: (part) =>
      part.type !== "text-document"
        ? newerPart(part)
        : {
            type: "document",
            title: part.name,
            source: { type: "text", media_type: "text/plain", data: part.text },
          },
    cached: (text) =>
      new SystemMessage({ content: [{ type: "text", text, cache_control: { type: "ephemeral" } }] }),
  }),
  langChainClient({
    name: "@langchain/aws, ChatBedrockConverse",
    packages: ["@langchain/aws"],
    dialect: "bedrock",
    errors: AWS_ERRORS,
    model: (where, calls, ask) =>
      new ChatBedrockConverse({
        model: where.model,
        region: "us-east-1",
        client: awsClient(where, calls),
        maxRetries: 0,
        supportsToolChoiceValues: ["auto", "any", "tool"],
        ...(ask.temperature !== undefined && { temperature: ask.temperature }),
        ...(ask.maxTokens !== undefined && { maxTokens: ask.maxTokens }),
        ...(ask.thinking === true && {
          additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2_048 } },
        }),
      }),
    options: ({ schema }) => (schema === undefined ? {} : cannot("makes a tool of a schema")),
    failure: awsFailure,
    part: (part) => (part.type === "image-url" ? cannot("has no images by address") : standardPart(part)),
    cached: (text) =>
      new SystemMessage({ content: [{ type: "text", text }, { cachePoint: { type: "default" } }] as never }),
  }),
];
