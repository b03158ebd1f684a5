import type { WireRequest } from "../transport/wire-request.ts";

export const OPERATIONS = [
  "Converse",
  "ConverseStream",
  "InvokeModel",
  "InvokeModelWithResponseStream",
  "CountTokens",
  "ApplyGuardrail",
  "GetInferenceProfile",
  "ChatCompletions",
  "AssumeRole",
] as const;

export type Operation = (typeof OPERATIONS)[number];

export interface Route {
  readonly operation: Operation;
  /** The path's parameters, decoded: model id, or guardrail and version, or profile. */
  readonly parameters: readonly string[];
}

const OF_MODEL: Readonly<Record<string, Operation>> = {
  converse: "Converse",
  "converse-stream": "ConverseStream",
  invoke: "InvokeModel",
  "invoke-with-response-stream": "InvokeModelWithResponseStream",
  "count-tokens": "CountTokens",
};

/**
 * Which operation a request is for. The service splits the path before it decodes it: an ARN whose `/` came unescaped
 * has a segment too many and is no known operation.
 *
 * @returns undefined where there is no such operation
 */
export function routeOf({ method, segments }: WireRequest): Route | undefined {
  const [first = "", second, third, fourth, fifth] = segments;
  const parameters = [second, fourth].flatMap((segment) => decoded(segment) ?? []);
  if (method === "POST" && segments.length === 1 && first === "")
    return { operation: "AssumeRole", parameters: [] };
  if (method === "POST" && first === "model" && segments.length === 3) {
    const operation = OF_MODEL[third ?? ""];
    return operation === undefined || parameters.length === 0 ? undefined : { operation, parameters };
  }
  if (method === "POST" && first === "guardrail" && third === "version" && fifth === "apply")
    return segments.length === 5 ? { operation: "ApplyGuardrail", parameters } : undefined;
  if (method === "GET" && first === "inference-profiles" && segments.length === 2)
    return { operation: "GetInferenceProfile", parameters };
  if (method === "POST" && segments.join("/") === "openai/v1/chat/completions")
    return { operation: "ChatCompletions", parameters: [] };
  return undefined;
}

function decoded(segment: string | undefined): string | undefined {
  if (segment === undefined || segment === "") return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

export function isStream(operation: Operation): boolean {
  return operation === "ConverseStream" || operation === "InvokeModelWithResponseStream";
}
