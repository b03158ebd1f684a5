import { anthropic } from "./dialects/anthropic/index.ts";
import { bedrockAddress } from "./dialects/bedrock/address.ts";
import { openAi } from "./dialects/openai/index.ts";
import { responsesDialect } from "./dialects/responses/index.ts";
import type { Gateway } from "./gateway.ts";
import { modelRoutes } from "./model-routes.ts";
import { responseRoutes } from "./responses/routes.ts";
import { NO_ADDRESS, type ExchangeKind, type Route } from "./routes.ts";
import { unpricedRoutes } from "./unpriced-routes.ts";

/** What clients call. */
export function clientRoutes(gateway: Gateway): Route[] {
  const responses = responsesDialect(gateway.sealKey);
  return [
    exchange("/v1/chat/completions", "OpenAI chat completions, plain and streaming.", {
      dialect: openAi,
      operation: "chat",
    }),
    exchange("/v1/responses", "OpenAI Responses, plain and streaming.", {
      dialect: responses,
      operation: "chat",
    }),
    exchange("/v1/responses/input_tokens", "How many tokens a Responses request has; free.", {
      dialect: responses,
      operation: "count-tokens",
    }),
    ...responseRoutes(gateway),
    exchange("/v1/completions", "OpenAI's older completions, where the engine has them.", {
      dialect: openAi,
      operation: "completions",
    }),
    exchange("/v1/embeddings", "OpenAI embeddings.", { dialect: openAi, operation: "embeddings" }),
    // Anthropic's SDKs put /v1/messages after the base URL; some users give them the one of OpenAI's.
    ...["/anthropic", ""].flatMap((start) => [
      exchange(`${start}/v1/messages`, "Anthropic Messages, plain and streaming.", {
        dialect: anthropic,
        operation: "chat",
      }),
      exchange(`${start}/v1/messages/count_tokens`, "How many tokens a Messages request has; free.", {
        dialect: anthropic,
        operation: "count-tokens",
      }),
    ]),
    {
      method: "POST",
      url: "/model/*",
      authorisation: "client-key",
      plane: "gateway",
      summary:
        "Amazon Bedrock's runtime: {modelId}/converse, converse-stream, invoke, invoke-with-response-stream and count-tokens.",
      exchange: bedrockAddress,
    },
    ...modelRoutes(gateway),
    ...unpricedRoutes(),
    {
      method: "GET",
      url: "/healthz",
      authorisation: "public",
      plane: "gateway",
      summary: "Whether the process is alive.",
      handler: () => ({ status: "alive" }),
    },
    {
      method: "GET",
      url: "/readyz",
      authorisation: "public",
      plane: "gateway",
      summary: "Whether it takes exchanges; 503 while it starts and while it shuts down.",
      handler: (_request, reply) => {
        if (gateway.ready) return { status: "ready" };
        void reply.code(503).header("connection", "close");
        return { status: gateway.draining ? "draining" : "starting" };
      },
    },
  ];
}

function exchange(url: string, summary: string, kind: Omit<ExchangeKind, "address">): Route {
  return {
    method: "POST",
    url,
    authorisation: "client-key",
    plane: "gateway",
    summary,
    exchange: { ...kind, address: NO_ADDRESS },
  };
}
