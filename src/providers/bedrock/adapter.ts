import type { MemberEdits } from "../../core/splice.ts";
import type { ReportedUsage } from "../../core/usage.ts";
import type { Operation } from "../../core/wire.ts";
import { egressGuard } from "../http/egress-guard.ts";
import { ReplyFault } from "../reply-fault.ts";
import type {
  Provider,
  ReplySink,
  RequestKind,
  Service,
  UpstreamCall,
  UpstreamHandle,
  WholeReply,
} from "../provider.ts";
import { chatByConverse } from "./chat.ts";
import { readTokenHeaders } from "./converse/usage.ts";
import { countByConverse } from "./count.ts";
import { embedByInvoke } from "./embed.ts";
import { byMessages } from "./messages.ts";
import { ConverseTap, FREE, InvokeTap, member, usageOfConverse, usageOfMessages } from "./native.ts";
import { byOpenAiPath } from "./openai-path.ts";
import type { BedrockOptions } from "./options.ts";
import { capsInvoke, limitInvoke, passedRequest } from "./pass.ts";
import { askForProfile } from "./ask-for-profile.ts";
import { Profiles, type Known } from "./profiles.ts";
import { BedrockReading, type Meaning } from "./reading.ts";
import { bedrockRuntime } from "./runtime.ts";
import { editsWithoutThoughts } from "../conversation/thoughts.ts";

export type { BedrockOptions } from "./options.ts";

/**
 * Amazon Bedrock. What a model can do decides how it is asked: OpenAI's own path passes where the model has it; requests
 * in Bedrock's dialect pass as they are; everything else goes by Converse.
 */
export function bedrock(id: string, options: BedrockOptions): Provider {
  const runtime = bedrockRuntime(options, "bedrock-runtime");
  const control = bedrockRuntime(options, "bedrock");
  const profiles = new Profiles((profile) => askForProfile(control, profile));
  const guard = egressGuard({ allow: options.media.allow });

  return {
    id,
    kind: "bedrock",
    serves: (request, model) => service(request, profiles.of(model)),
    prepare: (model) => profiles.prepare(model),
    // Without a limit Converse goes on to the model's own.
    unnamedLimit(_request, model) {
      const known = profiles.of(model);
      return "why" in known ? undefined : known.model.maxOutputTokens;
    },
    namedLimit: (request, model) =>
      request.operation === "invoke" ? limitInvoke(request, modelOf(model).model.apis.invokeBody) : undefined,
    caps: ({ dialect, operation }, model) =>
      dialect !== "bedrock" || operation !== "invoke" || capsInvoke(modelOf(model).model.apis.invokeBody),
    canonical(model) {
      const known = profiles.of(model);
      return "why" in known ? model : known.canonical;
    },
    send(call, sink) {
      switch (call.request.dialect) {
        case "openai":
          return byOpenAiPath(runtime, call, sink);
        case "anthropic": {
          const isLabelled = options.requestMetadata;
          const media = options.media.fetch ? { guard, ...options.media } : undefined;
          return byMessages({ runtime, known: modelOf(call.model), isLabelled, media }, call, sink);
        }
        default:
          return byBedrock(call, sink);
      }
    },
    chat(call, sink) {
      const known = modelOf(call.model);
      return chatByConverse({ runtime, guard, options, model: known.model, call, sink });
    },
    count: (call, sink) => countByConverse({ runtime, ...modelOf(call.model) }, call, sink),
    embed: (call, sink) => embedByInvoke(runtime, modelOf(call.model).model.apis.invokeBody, call, sink),
    async close() {
      await Promise.all([runtime.close(), control.close(), guard.close()]);
    },
  };

  function modelOf(model: string): Exclude<Known, { why: string }> {
    const known = profiles.of(model);
    if ("why" in known) throw new Error(`an attempt on ${model} before it was known`);
    return known;
  }

  function byBedrock(call: UpstreamCall, sink: ReplySink): UpstreamHandle {
    const known = modelOf(call.model);
    const stripped = call.withoutThoughts ? editsWithoutThoughts(call.request.bytes) : undefined;
    if (stripped !== undefined) sink.dropped(["reasoning"]);
    const unsigned = passedRequest(
      stripped === undefined ? call : withEdits(call, stripped),
      known.model,
      runtime.prefix,
      known.canonical,
      options.requestMetadata,
    );
    const meaning = meaningOf(call, sink);
    return runtime.send(call, unsigned, new BedrockReading(meaning, runtime.secrets));
  }
}

/** The same call with more members of its body edited. */
function withEdits(call: UpstreamCall, edits: MemberEdits): UpstreamCall {
  const { request } = call;
  return { ...call, request: { ...request, wordEdits: new Map([...request.wordEdits, ...edits]) } };
}

function usageInBody(operation: Operation, reply: WholeReply): ReportedUsage | undefined {
  if (operation === "count-tokens") return FREE;
  if (operation === "chat") return usageOfConverse(reply.body);
  return isJson(reply) ? usageOfMessages(reply.body) : undefined;
}

function isJson({ contentType }: WholeReply): boolean {
  return /json/i.test(contentType);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** How a request is served on a model. */
export function service(request: RequestKind, known: Known): Service {
  const { dialect, operation } = request;
  if ("why" in known) return { why: known.why, code: "no_target_available" };
  const { apis, embeddings, countTokens } = known.model;
  if (operation === "embeddings")
    return embeddings === undefined ? { why: "is no embeddings model" } : "translate";
  if (operation === "completions") return { why: "continues no bare prompts; ask by chat completions" };
  // Claude's own body is of no use to another model, but what it says is.
  if (
    operation === "invoke" &&
    apis.invokeBody !== "anthropic" &&
    apis.converse &&
    request.invokeBody === "anthropic"
  )
    return "translate";
  if (dialect === "bedrock" && operation !== "chat") return "pass";
  // Of models that it does not count for nobody need ask.
  if (operation === "count-tokens" && apis.converse && countTokens === "no") return "estimate";
  if (dialect === "anthropic" && apis.invokeBody === "anthropic") return "pass";
  if (dialect === "openai" && apis.openai) return "pass";
  if (!apis.converse) return { why: "takes no conversations: it is asked by InvokeModel" };
  return dialect === "bedrock" ? "pass" : "translate";
}

/** What a reply means that passes to a client of the same dialect. */
function meaningOf(call: UpstreamCall, sink: ReplySink): Meaning {
  const { operation, stream } = call.request;
  const isChat = operation === "chat";
  return {
    sink,
    head: (headers) => sink.head(headers),
    ...(stream && { events: isChat ? new ConverseTap(sink) : new InvokeTap(sink) }),
    whole(reply, headers) {
      // First, because a reply that is of no use was paid for, too. Headers are there whatever the body is.
      const inHeaders = operation === "invoke" ? readTokenHeaders(headers) : undefined;
      if (inHeaders !== undefined) sink.usage(inHeaders);
      const inBody = usageInBody(operation, reply);
      if (inBody !== undefined) sink.usage(inBody);
      if (isChat && !isObject(member(reply.body, "output"))) throw new ReplyFault("it has no output");
      sink.whole(reply);
    },
  };
}
