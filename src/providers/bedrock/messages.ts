import { bedrockKnowsBeta } from "../../catalog/bedrock-betas.ts";
import type { Unsigned } from "../aws/auth.ts";
import type { AwsRuntime } from "../aws/runtime.ts";
import { addressesIn, mayNameAddresses, withContent } from "../anthropic-messages/media-by-address.ts";
import { PassedBody } from "../anthropic-messages/passed-body.ts";
import { fetchAddresses, MediaFault, mediaRefusal, type MediaOptions } from "../http/fetch-media.ts";
import { SentLater } from "../http/sent-later.ts";
import type { ReplySink, UpstreamCall, UpstreamHandle, WholeReply } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readTokenHeaders } from "./converse/usage.ts";
import { countRequest, counting } from "./count.ts";
import { headerWithLabels } from "./labels.ts";
import { MessagesTap } from "./messages-stream.ts";
import { member, usageOfMessages } from "./native.ts";
import { operationPath } from "./pass.ts";
import type { Known } from "./profiles.ts";
import { BedrockReading, type Meaning } from "./reading.ts";

/** https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html */
const VERSION = '"bedrock-2023-05-31"';
const METADATA_HEADER = "x-amzn-bedrock-request-metadata";

interface Parts {
  readonly runtime: AwsRuntime;
  readonly known: Exclude<Known, { why: string }>;
  /** Whether the exchange's id and tenant go into AWS's own log. */
  readonly isLabelled: boolean;
  /** How what a body names by address is fetched: Bedrock takes no addresses. Undefined where it is not. */
  readonly media: Omit<MediaOptions, "owner" | "signal"> | undefined;
}

/**
 * Serves a request of Anthropic's own dialect by a Claude of Bedrock: its body passes by InvokeModel, and what the model
 * says goes back as it is. Refusals are Bedrock's, in a form that Anthropic's clients do not know: their words go on.
 */
export function byMessages(parts: Parts, call: UpstreamCall, sink: ReplySink): UpstreamHandle {
  const { body, betas } = invokeBody(call, parts.known.canonical);
  const { media } = parts;
  const messages: unknown =
    media !== undefined && mayNameAddresses(call.request.bytes) ? body.value("messages") : undefined;
  const addresses = addressesIn(messages);
  if (media === undefined || addresses.length === 0) return send(parts, call, body, betas, sink);
  return new SentLater().start(
    async (signal) => {
      const fetched = await fetchAddresses(addresses, { ...media, owner: call.labels.tenant, signal });
      body.edits.set("messages", JSON.stringify(withContent(messages, fetched)));
      return () => send(parts, call, body, betas, sink);
    },
    (failure) => sink.fail(failure),
    (error) =>
      error instanceof MediaFault
        ? mediaRefusal(error)
        : { kind: "protocol", message: "the request could not be put together", bug: error },
  );
}

function send(
  { runtime, known, isLabelled }: Parts,
  call: UpstreamCall,
  body: PassedBody,
  betas: string | undefined,
  sink: ReplySink,
): UpstreamHandle {
  const { request, model } = call;
  if (body.dropped.length > 0) sink.dropped(body.dropped);
  const words = wordsOnly(sink);
  if (request.operation === "count-tokens") {
    // The form wants what an invocation wants, also where nothing is generated.
    if (body.text("max_tokens") === undefined)
      body.edits.set("max_tokens", String(known.model.maxOutputTokens));
    const input = { invokeModel: { body: body.bytes().toString("base64") } };
    const meaning = counting(words, (inputTokens) =>
      words.whole(jsonReply(`{"input_tokens":${inputTokens}}`)),
    );
    return runtime.send(
      call,
      countRequest(runtime.prefix, known.canonical, JSON.stringify(input)),
      new BedrockReading(meaning, runtime.secrets),
    );
  }
  if (betas !== undefined) body.edits.set("anthropic_beta", betas);
  const unsigned: Unsigned = {
    method: "POST",
    path: operationPath(runtime.prefix, model, request.stream ? "invoke-with-response-stream" : "invoke"),
    headers: headersOf(call, isLabelled),
    body: body.bytes(),
  };
  const meaning = meaningOf(words, request.stream, runtime);
  return runtime.send(call, unsigned, new BedrockReading(meaning, runtime.secrets));
}

/** What Bedrock says in words of its own, and not in bytes of its own. */
function wordsOnly(sink: ReplySink): ReplySink {
  return {
    usage: (usage, estimated) => sink.usage(usage, estimated),
    begun: (usage) => sink.begun?.(usage),
    dropped: (names) => sink.dropped(names),
    alive: () => sink.alive(),
    head: (headers) => sink.head(onlyId(headers)),
    chunk: (bytes) => sink.chunk(bytes),
    end: (last) => sink.end(last),
    whole: (reply) => sink.whole({ ...reply, headers: onlyId(reply.headers) }),
    fail: ({ reply: _reply, event: _event, ...failure }) => sink.fail(failure),
  };
}

/** The request's id; the rest tells clients of AWS what Anthropic's read in the body. */
function onlyId(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const id = headers["x-amzn-requestid"];
  return id === undefined ? {} : { "x-amzn-requestid": id };
}

/** The body of an invocation, but for the names of features in trial. */
function invokeBody(
  call: UpstreamCall,
  canonical: string,
): { readonly body: PassedBody; readonly betas: string | undefined } {
  const body = new PassedBody(call);
  const automatic = body.text("cache_control");
  body.edits.set("model", undefined);
  body.edits.set("stream", undefined);
  body.edits.set("anthropic_version", VERSION);
  // Standard is all that there is; by header a client may ask for another.
  if (body.text("service_tier") !== undefined) {
    body.edits.set("service_tier", undefined);
    body.dropped.push("service_tier");
  }
  // Bedrock finds no places by itself: "cache_control: Extra inputs are not permitted".
  if (automatic !== undefined) {
    body.edits.set("cache_control", undefined);
    body.markLastMessage(automatic);
  } else if (call.autoCache) body.markEnds();
  const betas = betasOf(call, body, canonical);
  return { body, betas };
}

/** Names of the header and of the body together, those that Bedrock knows; what it does not is told. */
function betasOf(call: UpstreamCall, body: PassedBody, canonical: string): string | undefined {
  const inBody: unknown = JSON.parse(body.text("anthropic_beta") ?? "[]");
  const inHeader = (call.request.headers["anthropic-beta"] ?? "").split(",");
  const wanted = [...inHeader, ...(Array.isArray(inBody) ? inBody.map(String) : [])].map((name) =>
    name.trim(),
  );
  const named = new Set(wanted.filter((name) => name !== ""));
  body.edits.set("anthropic_beta", undefined);
  const known = [...named].filter((name) => bedrockKnowsBeta(name, canonical));
  for (const name of named) if (!known.includes(name)) body.dropped.push(`anthropic-beta:${name}`);
  return known.length === 0 ? undefined : JSON.stringify(known);
}

function headersOf({ request, labels }: UpstreamCall, isLabelled: boolean): Record<string, string> {
  // The version and the features stand in the body.
  const { "anthropic-version": _version, "anthropic-beta": _beta, ...passed } = request.headers;
  return {
    "content-type": "application/json",
    accept: "application/json",
    ...passed,
    ...(isLabelled && { [METADATA_HEADER]: headerWithLabels(undefined, labels) }),
  };
}

function meaningOf(sink: ReplySink, stream: boolean, { secrets }: AwsRuntime): Meaning {
  return {
    sink,
    head: (headers) => sink.head(headers),
    ...(stream && { events: new MessagesTap(sink, secrets) }),
    whole(reply, headers) {
      // First, because a reply that is of no use was paid for, too.
      const usage = usageOfMessages(reply.body) ?? readTokenHeaders(headers);
      if (usage !== undefined) sink.usage(usage);
      if (!Array.isArray(member(reply.body, "content"))) throw new ReplyFault("it has no content");
      sink.whole(reply);
    },
  };
}

function jsonReply(json: string): WholeReply {
  return { status: 200, contentType: "application/json", headers: {}, body: Buffer.from(json) };
}
