import type { BedrockModel } from "../../catalog/bedrock-models.ts";
import type { ChatRequest } from "../../core/chat.ts";
import type { EgressGuard } from "../http/egress-guard.ts";
import { MediaFault, mediaRefusal, namesAddresses, withMedia } from "../http/fetch-media.ts";
import { SentLater } from "../http/sent-later.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import type { ChatCall, ChatSink, UpstreamHandle } from "../provider.ts";
import { asEvents } from "../as-events.ts";
import { tellDropped } from "../conversation/dropped-thoughts.ts";
import { hasCalls } from "../conversation/flatten-tools.ts";
import { writeConverse } from "./converse/write-request.ts";
import { metadataOf } from "./labels.ts";
import type { BedrockOptions } from "./options.ts";
import { operationPath } from "./pass.ts";
import { BedrockReading } from "./reading.ts";
import type { AwsRuntime } from "../aws/runtime.ts";
import { translated } from "./translated.ts";

interface Parts {
  readonly runtime: AwsRuntime;
  readonly guard: EgressGuard;
  readonly options: BedrockOptions;
  readonly model: BedrockModel;
  readonly call: ChatCall;
  readonly sink: ChatSink;
}

/** Serves a chat request of another dialect by Converse. */
export function chatByConverse(parts: Parts): UpstreamHandle {
  const { call, options, guard, sink } = parts;
  const { fetch, maxBytes, timeoutMs } = options.media;
  // Converse takes no addresses: what a request names by one is fetched first.
  if (!fetch || !namesAddresses(call.chat)) return send(parts, call.chat);
  const owner = call.labels.tenant;
  return new SentLater().start(
    async (signal) => {
      const chat = await withMedia(call.chat, { guard, owner, maxBytes, timeoutMs, signal });
      return () => send(parts, chat);
    },
    (failure) => sink.fail(failure),
    (error) =>
      error instanceof MediaFault
        ? mediaRefusal(error)
        : { kind: "protocol", message: "the request could not be translated", bug: error },
  );
}

function send({ runtime, options, model, call, sink }: Parts, chat: ChatRequest): UpstreamHandle {
  const { body, how, inexpressible } = writeConverse({
    chat,
    model,
    outputCap: call.outputCap,
    withoutThoughts: call.withoutThoughts,
    autoCache: call.autoCache,
    metadata: options.requestMetadata ? metadataOf(call.labels) : call.labels.tags,
  });
  const others = tellDropped({ ...call, chat }, inexpressible, sink);
  const failure = refuseOrDrop(others, call.mayDrop, sink);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  // Some models take tools, but not in a stream: they are asked for a whole reply, which goes on as one.
  const stream = call.stream && (model.streamingTools || !(how.schemaTool !== undefined || usesTools(chat)));
  const unsigned = {
    method: "POST" as const,
    path: operationPath(runtime.prefix, call.model, stream ? "converse-stream" : "converse"),
    headers: {
      "content-type": "application/json",
      accept: stream ? "application/vnd.amazon.eventstream" : "application/json",
    },
    body,
  };
  const told = call.stream && !stream ? asEvents(sink) : sink;
  return runtime.send(call, unsigned, new BedrockReading(translated(told, how, stream), runtime.secrets));
}

function usesTools(chat: ChatRequest): boolean {
  if (chat.toolChoice === "none") return false;
  return chat.tools.length > 0 || hasCalls(chat);
}
