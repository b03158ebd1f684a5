import { Pool, type Dispatcher } from "undici";
import type { Operation } from "../../core/wire.ts";
import { Secrets } from "../http/secrets.ts";
import type { Provider, ReplySink, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { UpstreamReply } from "./reply.ts";
import { WatchedClient, type WatchedOptions } from "./watched-client.ts";
import { asksForUsage, upstreamBody } from "./request.ts";
import { VENDORS, vendorOf, type Vendor, type VendorName } from "./vendors.ts";

export interface OpenAiCompatibleOptions {
  /** Without the operation's path; no trailing slash is needed. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly vendor: VendorName | undefined;
  readonly apiVersion: string | undefined;
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
  const pools = new Map<number, Pool>();

  const poolFor = (connectTimeoutMs: number): Pool => {
    let pool = pools.get(connectTimeoutMs);
    if (pool === undefined) {
      pool = new Pool(base.origin, {
        connections: options.connections,
        factory: (origin, clientOptions) => new WatchedClient(origin, clientOptions as WatchedOptions),
        connect: { timeout: connectTimeoutMs },
        // The attempt has its own deadlines; undici's would only add timers.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      pools.set(connectTimeoutMs, pool);
    }
    return pool;
  };
  const path = (operation: Operation, model: string): string =>
    prefix +
    (operation === "chat" ? vendor.chatPath : vendor.embeddingsPath)
      .replace("{model}", () => encodeURIComponent(model))
      .replace("{apiVersion}", () => encodeURIComponent(options.apiVersion ?? ""));

  return {
    id,
    kind: "openai-compatible",
    dialects: ["openai"],
    send(call: UpstreamCall, sink: ReplySink): UpstreamHandle {
      const { request } = call;
      const reply = new UpstreamReply(sink, request.stream, asksForUsage(request, vendor), secrets);
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
      const pool = poolFor(call.connectTimeoutMs);
      reply.start(() => pool.dispatch(dispatch, reply));
      return reply;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
    },
  };
}

function credentialHeader(vendor: Vendor, apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined) return {};
  return vendor.auth === "api-key" ? { "api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
}
