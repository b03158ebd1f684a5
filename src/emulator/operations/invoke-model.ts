import { hash } from "node:crypto";
import { writeEvent } from "../../core/event-stream.ts";
import type { Answer } from "../answer/answer.ts";
import { Random } from "../answer/random.ts";
import { ANTHROPIC } from "../bodies/anthropic.ts";
import type { Form, FormEvent } from "../bodies/form.ts";
import { padding } from "../bodies/padding.ts";
import type { JsonObject } from "../json.ts";
import { requireThroughput } from "../models/resolve.ts";
import { invalid } from "../service-error.ts";
import { checkModelFront } from "../validate/check-converse.ts";
import type { Piece } from "../transport/reply.ts";
import { jsonReply, latencyOf, modelBody, type Call, type Outcome } from "./call.ts";
import { answerTo, findModel } from "./converse.ts";

export function invokeModel(call: Call): Outcome {
  const streams = call.route.operation === "InvokeModelWithResponseStream";
  const resolved = findModel(call.state, call.route.parameters[0] ?? "");
  const { model } = resolved;
  requireThroughput(resolved);
  const body = modelBody(call.request.body);
  if (streams && !model.streaming) throw invalid("The model is unsupported for streaming.");
  const form: Form = ANTHROPIC;
  const request = form.read(body, model);
  checkModelFront({ request, resolved, streams, issued: call.state.reasoning }, "");
  const { answer, settle } = answerTo(call, request, resolved, form.toolIds);
  const id = new Random(hash("sha256", call.request.body)).letters(24);
  const latencyMs = latencyOf(call);
  if (!streams)
    return { reply: jsonReply(form.whole(answer, model, id), tokenHeaders(answer, latencyMs)), settle };
  const headers = {
    "content-type": "application/vnd.amazon.eventstream",
    "x-amzn-bedrock-content-type": "application/json",
  };
  const pieces = chunks(form.events(answer, model, id), answer, latencyMs);
  return { reply: { status: 200, headers, body: pieces }, settle };
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
function chunks(events: readonly FormEvent[], { usage }: Answer, latencyMs: number): Piece[] {
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
    const whole = isLast ? { ...json, "amazon-bedrock-invocationMetrics": metrics } : json;
    const bytes = Buffer.from(JSON.stringify(whole)).toString("base64");
    return {
      bytes: writeEvent("chunk", JSON.stringify({ bytes, p: padding() })),
      type: isLast ? "metadata" : stops === true ? "messageStop" : "chunk",
      tokens,
    };
  });
}
