import { hash } from "node:crypto";
import { writeEvent } from "../../core/event-stream.ts";
import type { Answer } from "../answer/answer.ts";
import { Random } from "../answer/random.ts";
import { EMBEDDERS } from "../bodies/embeddings.ts";
import { FORMS } from "../bodies/forms.ts";
import type { FormEvent } from "../bodies/form.ts";
import { padding } from "../bodies/padding.ts";
import type { JsonObject } from "../json.ts";
import { requireThroughput, type Resolved } from "../models/resolve.ts";
import { invalid } from "../service-error.ts";
import type { Piece } from "../transport/reply.ts";
import { checkModelFront, checkSupport } from "../validate/check-converse.ts";
import { jsonReply, latencyOf, modelBody, type Call, type Outcome } from "./call.ts";
import { answerTo, findModel } from "./converse.ts";
import { checkInvokeHeaders, echoedHeaders, guardrailFrom } from "./invoke-headers.ts";

const MOST_BYTES = 25_000_000;

/** InvokeModel and InvokeModelWithResponseStream. */
export function invokeModel(call: Call): Outcome {
  const streams = call.route.operation === "InvokeModelWithResponseStream";
  const { request: wire, state } = call;
  if (wire.body.length > MOST_BYTES)
    throw invalid(`Member must have length less than or equal to ${MOST_BYTES}`);
  checkInvokeHeaders(wire);
  const resolved = findModel(state, call.route.parameters[0] ?? "");
  requireThroughput(resolved);
  const { model } = resolved;
  if (streams && !model.streaming) throw invalid("The model is unsupported for streaming.");
  const body = modelBody(wire.body);
  if (model.kind === "embedding") return embed(call, resolved, body);
  const form = FORMS[model.body];
  if (form === undefined) throw invalid("The provided model identifier is invalid.");
  const { "amazon-bedrock-guardrailConfig": _, ...own } = body;
  const request = { ...form.read(own, model), ...guardrailFrom(wire) };
  const checked = { request, resolved, streams, issued: state.reasoning };
  checkSupport(checked);
  checkModelFront(checked, "");
  const { answer, settle } = answerTo(call, request, resolved, form.toolIds);
  const id = new Random(hash("sha256", wire.body)).letters(24);
  const latencyMs = latencyOf(call);
  const guarded = request.guardrailConfig === undefined ? {} : guardrailAction(answer);
  if (!streams) {
    const headers = { ...tokenHeaders(answer, latencyMs), ...echoedHeaders(wire) };
    return { reply: jsonReply({ ...form.whole(answer, model, id), ...guarded }, headers), settle };
  }
  const headers = {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-bedrock-content-type": "application/json",
    ...echoedHeaders(wire),
  };
  const pieces = chunks(form.events(answer, model, id), answer, latencyMs, guarded);
  return { reply: { status: 200, headers, body: pieces }, settle };
}

function guardrailAction({ stopReason }: Answer): JsonObject {
  const intervened = stopReason === "guardrail_intervened";
  return { "amazon-bedrock-guardrailAction": intervened ? "INTERVENED" : "NONE" };
}

/** An embedding; its tokens stand in a header, for some models nowhere else. */
function embed(call: Call, resolved: Resolved, body: JsonObject): Outcome {
  const embedder = EMBEDDERS[resolved.model.body];
  if (embedder === undefined) throw invalid("The provided model identifier is invalid.");
  const seed = hash("sha256", call.request.body);
  const id = `${seed.slice(0, 8)}-${seed.slice(8, 12)}-4${seed.slice(13, 16)}-8${seed.slice(17, 20)}-${seed.slice(20, 32)}`;
  const { json, inputTokens } = embedder(body, id);
  const { account } = call.identity;
  const reservation = call.state.quotas.reserve(account, resolved, inputTokens, call.state.clock.now());
  const headers = {
    "x-amzn-bedrock-input-token-count": String(inputTokens),
    "x-amzn-bedrock-invocation-latency": String(latencyOf(call)),
  };
  return { reply: jsonReply(json, headers), settle: () => reservation.settle(inputTokens) };
}

function tokenHeaders({ usage }: Answer, latencyMs: number): Record<string, string> {
  return {
    "x-amzn-bedrock-invocation-latency": String(latencyMs),
    "x-amzn-bedrock-input-token-count": String(usage.input),
    "x-amzn-bedrock-output-token-count": String(usage.output),
    ...(usage.tellsCache && {
      "x-amzn-bedrock-cache-read-input-token-count": String(usage.cacheRead),
      "x-amzn-bedrock-cache-write-input-token-count": String(usage.cacheWrite),
    }),
  };
}

/** Each event of the model becomes a `chunk`; the last one tells the tokens. */
function chunks(
  events: readonly FormEvent[],
  { usage }: Answer,
  latencyMs: number,
  guarded: JsonObject,
): Piece[] {
  const metrics: JsonObject = {
    inputTokenCount: usage.input,
    outputTokenCount: usage.output,
    invocationLatency: latencyMs,
    firstByteLatency: latencyMs,
    ...(usage.tellsCache && {
      cacheReadInputTokenCount: usage.cacheRead,
      cacheWriteInputTokenCount: usage.cacheWrite,
    }),
  };
  return events.map(({ json, tokens, stops }, at) => {
    const isLast = at === events.length - 1;
    const whole = isLast ? { ...json, ...guarded, "amazon-bedrock-invocationMetrics": metrics } : json;
    const bytes = Buffer.from(JSON.stringify(whole)).toString("base64");
    return {
      bytes: writeEvent("chunk", JSON.stringify({ bytes, p: padding() })),
      // A model whose last event tells how it ended is cut before that one.
      type: stops === true ? "messageStop" : isLast ? "metadata" : "chunk",
      tokens,
    };
  });
}
