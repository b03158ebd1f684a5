import * as z from "zod";
import { ERRORS } from "../core/errors.ts";
import { ENDPOINTS } from "./contract.ts";
import type { Endpoint } from "./endpoint.ts";

type JsonObject = Readonly<Record<string, unknown>>;

/** The control API as an OpenAPI 3.1 document, made from the contract. https://spec.openapis.org/oas/v3.1.1.html */
export function openApi(version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const [id, endpoint] of Object.entries<Endpoint>(ENDPOINTS)) {
    const path = endpoint.url.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(id, endpoint) };
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "Switchyard control API",
      version,
      description: "Money is whole nano-dollars as text. Times are RFC 3339, UTC.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    security: [{ adminToken: [] }],
    paths,
    components: {
      securitySchemes: {
        adminToken: { type: "http", scheme: "bearer", description: "The content of <data>/admin.token." },
      },
      schemas: { Problem: PROBLEM },
    },
  };
}

function operation(id: string, endpoint: Endpoint): JsonObject {
  const hasBody = !(endpoint.body instanceof z.ZodUndefined);
  return {
    operationId: id,
    summary: endpoint.summary,
    parameters: [...parameters(endpoint.params, "path"), ...parameters(endpoint.query, "query")],
    ...(hasBody && {
      requestBody: {
        required: true,
        content: { "application/json": { schema: schema(endpoint.body, "input") } },
      },
    }),
    responses: {
      [endpoint.status ?? 200]: {
        description: "Done.",
        content: { "application/json": { schema: schema(endpoint.answer, "output") } },
      },
      "4XX": problem("What was asked is not possible; the problem says why and what to do."),
      "5XX": problem("It cannot be answered now."),
    },
  };
}

function problem(description: string): JsonObject {
  return {
    description,
    content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
  };
}

function parameters(type: z.ZodType, place: "path" | "query"): JsonObject[] {
  if (!(type instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = schema(type, "input") as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function schema(type: z.ZodType, io: "input" | "output"): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(type, {
    io,
    unrepresentable: "any",
    target: "draft-2020-12",
  });
  return rest;
}

/** RFC 9457, and what Switchyard adds to it. */
const PROBLEM: JsonObject = {
  type: "object",
  required: ["type", "title", "status", "detail", "code", "fix"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "What is wrong with this request." },
    code: { type: "string", enum: Object.keys(ERRORS) },
    fix: { type: "string", description: "What to do about it." },
    instance: { type: "string", description: "An id that the log knows." },
  },
};
