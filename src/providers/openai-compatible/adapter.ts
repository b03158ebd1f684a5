import type { Dispatcher } from "undici";
import { Secrets } from "../http/secrets.ts";
import { Upstream } from "../http/upstream.ts";
import { UpstreamReply, type ReplyReading } from "../http/upstream-reply.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import { chatByOpenAi } from "../openai-chat/chat-by-openai.ts";
import { chatByResponses } from "../openai-responses/chat-by-responses.ts";
import type { Provider, ReplySink, RequestKind, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { countTokens } from "./count.ts";
import { OpenAiReading } from "./reply.ts";
import { asksForUsage, upstreamBody } from "./request.ts";
import { CountReading, ResponsesReading } from "./responses-reply.ts";
import { losesThoughts } from "./responses-request.ts";
import { servesBy } from "./serves.ts";
import {
  responsesMode,
  VENDORS,
  vendorOf,
  type ResponsesMode,
  type Vendor,
  type VendorName,
} from "./vendors.ts";

export interface OpenAiCompatibleOptions {
  /** Without the operation's path; no trailing slash is needed. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly vendor: VendorName | undefined;
  readonly apiVersion: string | undefined;
  /** Whether OpenAI's Responses pass, are translated to chat completions, or serve everything; by the vendor where absent. */
  readonly responses?: ResponsesMode | undefined;
  /** Connections to the engine at most. */
  readonly connections: number;
}

/** Any engine or service that speaks the OpenAI API; what differs between them is data in vendors.ts. */
export function openAiCompatible(id: string, options: OpenAiCompatibleOptions): Provider {
  const vendor: Vendor = VENDORS[vendorOf(options.baseUrl, options.vendor)];
  const mode = responsesMode(vendor, options.apiVersion, options.responses);
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/$/, "");
  const secrets = new Secrets(options.apiKey);
  const upstream = new Upstream(base.origin, options.connections);
  const ownHeaders = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "user-agent": "switchyard",
  };
  const vendorHeaders = { ...vendor.headers, ...credentialHeader(vendor, options.apiKey) };
  const path = (kind: RequestKind, model: string): string =>
    prefix +
    pathOf(vendor, kind)
      .replace("{model}", () => encodeURIComponent(model))
      .replace("{apiVersion}", () => encodeURIComponent(options.apiVersion ?? ""));

  const send = (call: UpstreamCall, sink: ReplySink): UpstreamHandle => {
    const { request, outputCap } = call;
    if (request.dialect === "responses") {
      if (outputCap !== undefined && outputCap < vendor.leastResponse) {
        const message = `${outputCap} tokens of output may be paid for, and this upstream takes no limit below ${vendor.leastResponse}`;
        sink.fail({ kind: "unsupported", message });
        return NOTHING_SENT;
      }
      if (losesThoughts(call, vendor)) sink.dropped(["reasoning"]);
    }
    const reply = new UpstreamReply(readingOf(call, sink));
    const dispatch: Dispatcher.DispatchOptions = {
      method: "POST",
      path: path(request, call.model),
      headers: {
        ...ownHeaders,
        accept: request.stream ? "text/event-stream" : "application/json",
        ...request.headers,
        ...vendorHeaders,
      },
      body: upstreamBody(call, vendor),
    };
    upstream.send(call.connectTimeoutMs, dispatch, reply);
    return reply;
  };

  function readingOf({ request }: UpstreamCall, sink: ReplySink): ReplyReading {
    if (request.operation === "count-tokens") return new CountReading(sink, secrets);
    if (request.dialect === "responses") return new ResponsesReading(sink, request.stream, secrets);
    return new OpenAiReading(sink, request.stream, asksForUsage(request, vendor), secrets);
  }

  const ask = {
    upstream,
    prefix,
    headers: { ...ownHeaders, accept: "application/json", ...vendorHeaders },
    secrets,
  };
  return {
    id,
    kind: "openai-compatible",
    serves: (kind) => servesBy(vendor, mode, kind),
    send,
    chat: (call, sink) =>
      mode === "only" ? chatByResponses(call, sink, vendor, send) : chatByOpenAi(call, sink, vendor, send),
    count: (call, sink) => countTokens(call, sink, vendor, ask),
    close: () => upstream.close(),
  };
}

function pathOf(vendor: Vendor, { dialect, operation }: RequestKind): string {
  if (operation === "count-tokens") return vendor.responsesCountPath ?? vendor.responsesPath;
  if (operation === "embeddings") return vendor.embeddingsPath;
  if (operation === "completions") return vendor.completionsPath;
  return dialect === "responses" ? vendor.responsesPath : vendor.chatPath;
}

function credentialHeader(vendor: Vendor, apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined) return {};
  return vendor.auth === "api-key" ? { "api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
}
