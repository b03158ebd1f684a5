import { scanTrusted } from "../../core/json-scan.ts";
import type { WireRequest } from "../../core/wire.ts";
import type { ChatCall, ReplySink, UpstreamCall, UpstreamHandle } from "../provider.ts";
import type { ChatReading } from "../chat-reading.ts";

export interface Written {
  readonly call: ChatCall;
  /** JSON text; what the call says of the output's limit stands in it. */
  readonly body: string;
  readonly dialect: "openai" | "responses";
  /** The adapter's own way of sending. */
  readonly send: (call: UpstreamCall, sink: ReplySink) => UpstreamHandle;
  readonly sink: ChatReading;
}

/** Sends a chat request that we wrote ourselves by the way of those that pass. */
export function sendWritten({ call, body, dialect, send, sink }: Written): UpstreamHandle {
  const request = wireRequest(body, dialect, call);
  sink.handle = send({ ...call, request, outputCap: undefined }, sink);
  return sink.handle;
}

function wireRequest(body: string, dialect: Written["dialect"], { model, stream }: ChatCall): WireRequest {
  const bytes = Buffer.from(body);
  return {
    dialect,
    operation: "chat",
    bytes,
    members: scanTrusted(bytes),
    inside: 1,
    model,
    stream,
    includeUsage: true,
    maxOutputTokens: undefined,
    choices: 1,
    store: false,
    wordEdits: new Map(),
    headers: {},
  };
}
