import type { FastifyRequest } from "fastify";
import { AppError } from "../../core/errors.ts";
import { brief } from "../../core/text.ts";
import { senderOf } from "../credentials.ts";
import type { Gateway } from "../gateway.ts";
import type { Route, RouteBase } from "../routes.ts";
import { actingTenant } from "../stages/read-request.ts";
import type { StoredResponse } from "./stored-response.ts";

const MOST_LISTED = 100;
const LISTED = 20;

/** What clients ask about responses that are kept. https://platform.openai.com/docs/api-reference/responses */
export function responseRoutes(gateway: Gateway): Route[] {
  const base = { authorisation: "client-key", plane: "gateway" } as const satisfies Partial<RouteBase>;
  return [
    {
      ...base,
      method: "GET",
      url: "/v1/responses/:id",
      summary: "A response that was kept.",
      async handler(request) {
        if ((request.query as { stream?: string }).stream === "true")
          throw new AppError(
            "unsupported_parameter",
            "stream: a kept response is given whole; leave stream out",
            {
              advises: true,
            },
          );
        return responseObject(await found(gateway, request));
      },
    },
    {
      ...base,
      method: "DELETE",
      url: "/v1/responses/:id",
      summary: "Forgets a response; those after it cannot be resumed then.",
      async handler(request) {
        const { id } = request.params as { id: string };
        const tenant = tenantOf(gateway, request);
        if (!(await asked(gateway.responses.delete(tenant, id)))) throw missing(id);
        return { id, object: "response", deleted: true };
      },
    },
    {
      ...base,
      method: "GET",
      url: "/v1/responses/:id/input_items",
      summary: "What was said to the model in the request behind a kept response.",
      handler: async (request) => itemList(await found(gateway, request), request.query as Query),
    },
    {
      ...base,
      method: "POST",
      url: "/v1/responses/:id/cancel",
      summary: "Refused: only a response in the background can be cancelled, and there are none.",
      handler() {
        throw new AppError(
          "unsupported_parameter",
          "only a response that runs in the background can be cancelled, and this gateway runs none there; close the connection instead",
          { advises: true },
        );
      },
    },
  ];
}

interface Query {
  readonly after?: string;
  readonly limit?: string;
  readonly order?: string;
}

async function found(gateway: Gateway, request: FastifyRequest): Promise<StoredResponse> {
  const { id } = request.params as { id: string };
  const response = await asked(gateway.responses.get(tenantOf(gateway, request), id));
  if (response === undefined) throw missing(id);
  return response;
}

async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw new AppError("database_unavailable", "kept responses cannot be read now", { cause: error });
  }
}

function missing(id: string): AppError {
  return new AppError("not_found", `there is no response "${brief(id)}"`);
}

function tenantOf(gateway: Gateway, request: FastifyRequest): string {
  const key = senderOf(request.raw, gateway.keys, gateway.clock.now());
  const wanted = request.headers["x-switchyard-tenant"];
  return actingTenant(key, typeof wanted === "string" ? wanted : undefined);
}

/** As the reply was, but for what only the gateway knows: upstreams are told to keep nothing and to resume nothing. */
function responseObject({ body, previousId }: StoredResponse): object {
  return {
    ...(JSON.parse(body) as object),
    previous_response_id: previousId ?? null,
    store: true,
  };
}

/** https://platform.openai.com/docs/api-reference/responses/input-items; newest first unless told otherwise */
function itemList({ id, input }: StoredResponse, { after, limit, order }: Query): object {
  const items = (JSON.parse(input) as object[]).map((item, index) => ({
    id: `${id.replace(/^resp_/, "item_")}_${index}`,
    ...("role" in item && { type: "message" }),
    ...item,
  }));
  if (order !== "asc") items.reverse();
  const from = after === undefined ? 0 : items.findIndex((item) => item.id === after) + 1;
  // Not the first page: who asks for one after the other would never come to an end.
  if (after !== undefined && from === 0)
    throw new AppError("invalid_request", `after: this response has no item "${brief(after)}"`);
  const wanted = limit === undefined ? LISTED : Number(limit);
  if (!Number.isSafeInteger(wanted) || wanted < 1 || wanted > MOST_LISTED)
    throw new AppError("invalid_request", `limit: write a whole number from 1 to ${MOST_LISTED}`);
  const data = items.slice(from, from + wanted);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + wanted < items.length,
  };
}
