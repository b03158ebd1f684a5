import type { Dispatcher } from "undici";
import type { Operation } from "../../core/wire.ts";
import { Secrets } from "../http/secrets.ts";
import { Upstream } from "../http/upstream.ts";
import { UpstreamReply } from "../http/upstream-reply.ts";
import { chatByOpenAi, servesByOpenAi } from "../openai-chat/chat-by-openai.ts";
import type { Provider, ReplySink, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { OpenAiReading } from "./reply.ts";
import { asksForUsage, upstreamBody } from "./request.ts";
import { VENDORS, vendorOf, type Vendor, type VendorName } from "./vendors.ts";

export interface OpenAiCompatibleOptions {
  /** Without the operation's path; no trailing slash is needed. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly vendor: VendorName | undefined;
  readonly apiVersion: string | undefined;
  /** Whether OpenAI's Responses pass, are translated to chat completions, or serve everything; by the vendor where absent. */
  readonly responses?: "pass" | "translate" | "only" | undefined;
  /** Connections to the engine at most. */
  readonly connections: number;
}

/** Any engine or service that speaks the OpenAI API; what differs between them is data in vendors.ts. */
export function openAiCompatible(id: string, options: OpenAiCompatibleOptions): Provider {
  const vendorName = vendorOf(options.baseUrl, options.vendor);
  const vendor: Vendor = VENDORS[vendorName];
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/$/, "");
  const secrets = new Secrets(options.apiKey);
  const credential = credentialHeader(vendor, options.apiKey);
  const upstream = new Upstream(base.origin, options.connections);
  const path = (operation: Operation, model: string): string =>
    prefix +
    (operation === "chat" ? vendor.chatPath : vendor.embeddingsPath)
      .replace("{model}", () => encodeURIComponent(model))
      .replace("{apiVersion}", () => encodeURIComponent(options.apiVersion ?? ""));

  const send = (call: UpstreamCall, sink: ReplySink): UpstreamHandle => {
    const { request } = call;
    const reply = new UpstreamReply(
      new OpenAiReading(sink, request.stream, asksForUsage(request, vendor), secrets),
    );
    const dispatch: Dispatcher.DispatchOptions = {
      method: "POST",
      path: path(request.operation, call.model),
      headers: {
        "content-type": "application/json",
        accept: request.stream ? "text/event-stream" : "application/json",
        "accept-encoding": "identity",
        "user-agent": "switchyard",
        ...request.headers,
        ...credential,
      },
      body: upstreamBody(call, vendor),
    };
    upstream.send(call.connectTimeoutMs, dispatch, reply);
    return reply;
  };
  return {
    id,
    kind: "openai-compatible",
    serves: servesByOpenAi,
    send,
    chat: (call, sink) => chatByOpenAi(call, sink, vendor, send),
    close: () => upstream.close(),
  };
}

function credentialHeader(vendor: Vendor, apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined) return {};
  return vendor.auth === "api-key" ? { "api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
}
