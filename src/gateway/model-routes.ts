import type { FastifyRequest } from "fastify";
import { AppError } from "../core/errors.ts";
import { brief } from "../core/text.ts";
import { Access } from "../policy/access.ts";
import type { ModelName } from "../routing/names.ts";
import { senderOf } from "./credentials.ts";
import type { Gateway } from "./gateway.ts";
import { MAX_MODEL_LENGTH, type Route } from "./routes.ts";
import { actingTenant } from "./stages/read-request.ts";

/** The lists from which clients choose a model, in the form of the API that asks. */
export function modelRoutes(gateway: Gateway): Route[] {
  const base = { method: "GET", authorisation: "client-key", plane: "gateway" } as const;
  return [
    {
      ...base,
      url: "/v1/models",
      summary:
        "The tasks, targets and aliases that the key may use; with `anthropic-version` in Anthropic's form.",
      handler: (request) => listOf(gateway, request, isAnthropics(request)),
    },
    {
      ...base,
      url: "/v1/models/*",
      summary: "One of them.",
      handler: (request) => oneOf(gateway, request, isAnthropics(request)),
    },
    {
      ...base,
      url: "/anthropic/v1/models",
      summary: "The same list in Anthropic's form.",
      handler: (request) => listOf(gateway, request, true),
    },
    {
      ...base,
      url: "/anthropic/v1/models/*",
      summary: "One of them.",
      handler: (request) => oneOf(gateway, request, true),
    },
  ];
}

/** Anthropic's SDKs name the version of their API with every request. */
function isAnthropics({ headers }: FastifyRequest): boolean {
  return headers["anthropic-version"] !== undefined;
}

function listOf(gateway: Gateway, request: FastifyRequest, isAnthropic: boolean): object {
  const models = modelsFor(gateway, request);
  if (!isAnthropic) return { object: "list", data: models.map((model) => openAiModel(gateway, model)) };
  const data = models.map((model) => anthropicModel(gateway, model));
  return { data, has_more: false, first_id: models[0]?.id ?? null, last_id: models.at(-1)?.id ?? null };
}

function oneOf(gateway: Gateway, request: FastifyRequest, isAnthropic: boolean): object {
  const wanted = (request.params as { "*": string })["*"];
  const model = modelsFor(gateway, request).find(({ id }) => id === wanted);
  if (model === undefined)
    throw new AppError(
      "model_not_found",
      `there is no model "${brief(wanted, MAX_MODEL_LENGTH)}" for this key`,
    );
  return isAnthropic ? anthropicModel(gateway, model) : openAiModel(gateway, model);
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

/** https://platform.openai.com/docs/api-reference/models/object */
function openAiModel(gateway: Gateway, model: ModelName): object {
  const created = Math.floor(gateway.snapshot.loadedAtMs / 1_000);
  return { id: model.id, object: "model", created, owned_by: `switchyard-${model.kind}` };
}

/** https://docs.anthropic.com/en/api/models-list */
function anthropicModel(gateway: Gateway, model: ModelName): object {
  const created = new Date(gateway.snapshot.loadedAtMs).toISOString();
  return { type: "model", id: model.id, display_name: model.id, created_at: created };
}
