import type { ConverseRequest } from "../converse-request.ts";
import type { Json } from "../json.ts";
import { invalid } from "../service-error.ts";
import { headerOf, type WireRequest } from "../transport/wire-request.ts";
import { readShape } from "../validate/read-shape.ts";
import { REQUEST_METADATA } from "../validate/converse-shape.ts";

const MOST_METADATA = 8_500;

/** What InvokeModel says in headers where Converse says it in the body. */
export function guardrailFrom(request: WireRequest): Pick<ConverseRequest, "guardrailConfig"> {
  const guardrailIdentifier = headerOf(request, "x-amzn-bedrock-guardrailidentifier");
  if (guardrailIdentifier === undefined) return {};
  const guardrailVersion = headerOf(request, "x-amzn-bedrock-guardrailversion") ?? "DRAFT";
  const trace = headerOf(request, "x-amzn-bedrock-trace")?.toLowerCase();
  return {
    guardrailConfig: { guardrailIdentifier, guardrailVersion, ...(trace !== undefined && { trace }) },
  };
}

/** @throws ServiceError */
export function checkInvokeHeaders(request: WireRequest): void {
  oneOf(request, "x-amzn-bedrock-trace", "trace", ["ENABLED", "DISABLED", "ENABLED_FULL"]);
  oneOf(request, "x-amzn-bedrock-performanceconfig-latency", "performanceConfigLatency", [
    "standard",
    "optimized",
  ]);
  oneOf(request, "x-amzn-bedrock-service-tier", "serviceTier", ["priority", "default", "flex", "reserved"]);
  const metadata = headerOf(request, "x-amzn-bedrock-request-metadata");
  if (metadata === undefined) return;
  if (metadata.length > MOST_METADATA)
    throw invalid(
      `1 validation error detected: Value at 'requestMetadata' failed to satisfy constraint: Member must have length less than or equal to ${MOST_METADATA}`,
    );
  let read: Json;
  try {
    read = JSON.parse(metadata) as Json;
  } catch {
    throw invalid("The request metadata is not valid JSON.");
  }
  readShape({ requestMetadata: read }, { kind: "structure", members: { requestMetadata: REQUEST_METADATA } });
}

function oneOf(request: WireRequest, header: string, member: string, values: readonly string[]): void {
  const value = headerOf(request, header);
  if (value !== undefined && !values.includes(value))
    throw invalid(
      `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must satisfy enum value set: [${values.join(", ")}]`,
    );
}

/** What the service repeats. */
export function echoedHeaders(request: WireRequest): Record<string, string> {
  const echoed: Record<string, string> = {};
  for (const name of ["x-amzn-bedrock-service-tier", "x-amzn-bedrock-performanceconfig-latency"]) {
    const value = headerOf(request, name);
    if (value !== undefined) echoed[name] = value;
  }
  return echoed;
}
