import { claudeModel } from "../../catalog/claude-models.ts";
import { PassedBody } from "../anthropic-messages/passed-body.ts";
import { MessagesReading } from "../anthropic-messages/reading.ts";
import { Secrets } from "../http/secrets.ts";
import { servesInvoke } from "../serves-invoke.ts";
import { Upstream } from "../http/upstream.ts";
import { UpstreamReply } from "../http/upstream-reply.ts";
import type { Provider, ReplySink, RequestKind, Service, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { chatByMessages } from "./chat.ts";
import { countByMessages } from "./count.ts";
import { authOf, findsCachePlaces } from "./hosts.ts";
import type { Sending } from "./sending.ts";

export interface AnthropicOptions {
  /** Everything before /v1/messages. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly auth: "x-api-key" | "bearer" | undefined;
  /** Connections at most. */
  readonly connections: number;
}

/** The version whose replies are understood here. https://platform.claude.com/docs/en/api/versioning */
const VERSION = "2023-06-01";

/** Anthropic's Messages API, and whatever else speaks it. */
export function anthropic(id: string, options: AnthropicOptions): Provider {
  const { apiKey, connections } = options;
  const base = new URL(options.baseUrl);
  // An address with the version in it means the same.
  const prefix = base.pathname.replace(/\/(v1\/?)?$/, "");
  const upstream = new Upstream(base.origin, connections);
  const secrets = new Secrets(apiKey);
  const fixed = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    "user-agent": "switchyard",
    "anthropic-version": VERSION,
  };
  const credential = credentialHeader(apiKey, options.auth ?? authOf(base.hostname));

  const post = ({ call, operation, body, stream, headers, sink }: Sending): UpstreamHandle => {
    const reply = new UpstreamReply(new MessagesReading(sink, operation, stream, secrets));
    const dispatch = {
      method: "POST" as const,
      path: `${prefix}/v1/messages${operation === "count-tokens" ? "/count_tokens" : ""}`,
      headers: {
        ...fixed,
        accept: stream ? "text/event-stream" : "application/json",
        ...headers,
        ...credential,
      },
      body,
    };
    upstream.send(call.connectTimeoutMs, dispatch, reply);
    return reply;
  };
  const mark = (body: PassedBody): void =>
    findsCachePlaces(base.hostname) ? body.markAtTop() : body.markEnds();
  const send = (call: UpstreamCall, sink: ReplySink): UpstreamHandle => {
    const { request, model } = call;
    const body = new PassedBody(call);
    if (request.model !== model) body.edits.set("model", JSON.stringify(model));
    if (call.autoCache) mark(body);
    if (body.dropped.length > 0) sink.dropped(body.dropped);
    const { operation, stream, headers } = request;
    return post({ call, operation, body: body.bytes(), stream, headers, sink });
  };
  return {
    id,
    kind: "anthropic",
    serves,
    // What passes names its own limit: the API wants one.
    unnamedLimit: ({ dialect }, model) =>
      dialect === "anthropic" ? undefined : claudeModel(model).maxOutputTokens,
    send,
    chat: (call, sink) => chatByMessages(call, sink, claudeModel(call.model), post),
    count: (call, sink) => countByMessages(call, sink, claudeModel(call.model), post),
    close: () => upstream.close(),
  };
}

function serves(request: RequestKind): Service {
  switch (request.operation) {
    case "chat":
    case "count-tokens":
      return request.dialect === "anthropic" ? "pass" : "translate";
    case "completions":
      return { why: "continues no bare prompts; ask by a chat" };
    case "embeddings":
      return { why: "makes no embeddings" };
    case "invoke":
      return servesInvoke(request);
  }
}

function credentialHeader(
  apiKey: string | undefined,
  auth: "x-api-key" | "bearer",
): Readonly<Record<string, string>> {
  if (apiKey === undefined) return {};
  return auth === "bearer" ? { authorization: `Bearer ${apiKey}` } : { "x-api-key": apiKey };
}
