import { asRecord, asText, type Json } from "../../../json-value.ts";

/** What a reply, or a stream's `metadata`, says beside its usage. */
export interface Circumstances {
  readonly latencyMs: number | undefined;
  readonly serviceTier: string | undefined;
}

export function readCircumstances(json: Json): Circumstances {
  const latency = asRecord(json["metrics"])?.["latencyMs"];
  return {
    latencyMs: typeof latency === "number" ? latency : undefined,
    serviceTier: asText(asRecord(json["serviceTier"])?.["type"]),
  };
}
