import * as z from "zod";
import { AppError } from "../core/errors.ts";
import { parseDuration } from "../core/quantity.ts";
import { isUnavailable } from "../storage/unavailable.ts";
import { ENDPOINTS, type EndpointId, type Endpoints } from "./contract.ts";
import type { Endpoint, EndpointAnswer, EndpointInput } from "./endpoint.ts";

/** What answers the endpoints, each with input that was checked. */
export type Handlers = {
  readonly [Id in EndpointId]: (
    input: EndpointInput<Endpoints[Id]>,
  ) => EndpointAnswer<Endpoints[Id]> | Promise<EndpointAnswer<Endpoints[Id]>>;
};

/** Raw input of an endpoint, as it came over HTTP or from a command. */
export interface RawInput {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

/**
 * Checks an input against the contract and has it answered.
 *
 * @throws AppError invalid_request where it is not of the contract's form
 */
export async function answer<Id extends EndpointId>(
  handlers: Handlers,
  id: Id,
  raw: RawInput,
): Promise<EndpointAnswer<Endpoints[Id]>> {
  const endpoint: Endpoint = ENDPOINTS[id];
  const input = {
    params: checked(endpoint.params, raw.params),
    query: checked(endpoint.query, raw.query),
    body: checked(endpoint.body, raw.body),
  };
  const handle = handlers[id] as (input: unknown) => Promise<EndpointAnswer<Endpoints[Id]>>;
  try {
    return await handle(input);
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new AppError("database_unavailable", "the database does not answer", { cause: error });
  }
}

function checked(schema: z.ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodUndefined) {
    const [stranger] = Object.keys(value ?? {});
    if (stranger !== undefined)
      throw new AppError(
        "invalid_request",
        `"${stranger.slice(0, 100)}" is nothing that can be asked for here`,
      );
    return undefined;
  }
  for (const [name, one] of Object.entries(value ?? {}))
    if (typeof one === "string" && one.includes("\0"))
      throw new AppError("invalid_request", `${name.slice(0, 100)}: holds a NUL character`);
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new AppError("invalid_request", parsed.error.issues.map(issueText).join("; "));
}

function issueText(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => `${key.slice(0, 100)}: is nothing that can be asked for here`).join("; ");
  // Of a list the place of an entry says nothing to who wrote it with commas.
  const path = issue.path.filter((step) => typeof step !== "number");
  return `${path.join(".") || "(request)"}: ${issue.message}`;
}

/** The year 1; PostgreSQL knows none before 4713 BC. */
const EARLIEST_MS = -62_135_596_800_000;

/** Unix milliseconds of a time or of a span back from now, as the contract has them. */
export function instantMs(text: string, nowMs: number): number {
  const span = parseDuration(text);
  return span === undefined ? Date.parse(text) : Math.max(nowMs - span, EARLIEST_MS);
}
