import type { FastifyRequest } from "fastify";
import { AppError } from "../core/errors.ts";
import { brief } from "../core/text.ts";
import { Access } from "../policy/access.ts";
import type { ModelName } from "../routing/names.ts";
import { senderOf } from "./credentials.ts";
import { bedrockAddress } from "./dialects/bedrock/address.ts";
import { openAi } from "./dialects/openai/index.ts";
import type { Gateway } from "./gateway.ts";
import { MAX_MODEL_LENGTH, NO_ADDRESS, type Route } from "./routes.ts";
import { actingTenant } from "./stages/read-request.ts";

/** What clients call. */
export function clientRoutes(gateway: Gateway): Route[] {
  return [
    {
      method: "POST",
      url: "/v1/chat/completions",
      authorisation: "client-key",
      plane: "gateway",
      summary: "OpenAI chat completions, plain and streaming.",
      exchange: { dialect: openAi, operation: "chat", address: NO_ADDRESS },
    },
    {
      method: "POST",
      url: "/v1/embeddings",
      authorisation: "client-key",
      plane: "gateway",
      summary: "OpenAI embeddings.",
      exchange: { dialect: openAi, operation: "embeddings", address: NO_ADDRESS },
    },
    {
      method: "POST",
      url: "/model/*",
      authorisation: "client-key",
      plane: "gateway",
      summary:
        "Amazon Bedrock's runtime: {modelId}/converse, converse-stream, invoke, invoke-with-response-stream and count-tokens.",
      exchange: bedrockAddress,
    },
    {
      method: "GET",
      url: "/v1/models",
      authorisation: "client-key",
      plane: "gateway",
      summary: "The tasks, targets and aliases that the key may use.",
      handler: (request) => ({
        object: "list",
        data: modelsFor(gateway, request).map((model) => modelObject(gateway, model)),
      }),
    },
    {
      method: "GET",
      url: "/v1/models/*",
      authorisation: "client-key",
      plane: "gateway",
      summary: "One of them.",
      handler: (request) => oneModel(gateway, request),
    },
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

function modelsFor(gateway: Gateway, request: FastifyRequest): ModelName[] {
  const key = senderOf(request.raw, gateway.keys, gateway.clock.now());
  const asked = request.headers["x-switchyard-tenant"];
  const tenantId = actingTenant(key, typeof asked === "string" ? asked : undefined);
  const tenant = gateway.snapshot.tenants.get(tenantId);
  if (tenant === undefined)
    throw new AppError("forbidden", `the tenant "${tenantId}" is not in the configuration`);
  const access = new Access(tenant, key);
  return gateway.snapshot.names.list({
    task: (task) => access.mayUseTask(task),
    target: (tasks) => access.mayUseTarget(tasks),
    describe: () => access.describe(),
  });
}

function oneModel(gateway: Gateway, request: FastifyRequest): object {
  const wanted = (request.params as { "*": string })["*"];
  const model = modelsFor(gateway, request).find(({ id }) => id === wanted);
  if (model === undefined)
    throw new AppError(
      "model_not_found",
      `there is no model "${brief(wanted, MAX_MODEL_LENGTH)}" for this key`,
    );
  return modelObject(gateway, model);
}

/** https://platform.openai.com/docs/api-reference/models/object */
function modelObject(gateway: Gateway, model: ModelName): object {
  const created = Math.floor(gateway.snapshot.loadedAtMs / 1_000);
  return { id: model.id, object: "model", created, owned_by: `switchyard-${model.kind}` };
}
