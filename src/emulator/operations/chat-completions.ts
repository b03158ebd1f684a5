import { hash } from "node:crypto";
import { Random } from "../answer/random.ts";
import type { FormEvent } from "../bodies/form.ts";
import { OPENAI } from "../bodies/openai.ts";
import { objectOf, textOf, type JsonObject } from "../json.ts";
import { requireThroughput } from "../models/resolve.ts";
import { ServiceError } from "../service-error.ts";
import type { Piece } from "../transport/reply.ts";
import { checkSupport } from "../validate/check-converse.ts";
import { jsonReply, modelBody, type Call, type Outcome } from "./call.ts";
import { answerTo, findModel } from "./converse.ts";
import { guardrailFrom } from "./invoke-headers.ts";

/** POST /openai/v1/chat/completions: the model stands in the body. */
export function chatCompletions(call: Call): Outcome {
  const body = modelBody(call.request.body);
  const resolved = findModel(call.state, textOf(body["model"]) ?? "");
  const { model } = resolved;
  if (!model.chatCompletions)
    throw new ServiceError("ResourceNotFoundException", `The model '${resolved.asked}' does not exist`);
  requireThroughput(resolved);
  const request = { ...OPENAI.read(body, model), ...guardrailFrom(call.request) };
  const streams = body["stream"] === true;
  checkSupport({ request, resolved, streams, issued: call.state.reasoning });
  const { answer, settle } = answerTo(call, request, resolved, OPENAI.toolIds);
  const id = new Random(hash("sha256", call.request.body)).letters(24);
  if (!streams)
    return { reply: jsonReply(OPENAI.whole(answer, { ...model, id: resolved.asked }, id)), settle };
  const events = OPENAI.events(answer, { ...model, id: resolved.asked }, id);
  const wantsUsage = objectOf(body["stream_options"])?.["include_usage"] === true;
  return {
    reply: {
      status: 200,
      headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
      body: serverSentEvents(wantsUsage ? events : events.slice(0, -1)),
    },
    settle,
  };
}

function serverSentEvents(events: readonly FormEvent[]): Piece[] {
  return [
    ...events.map(({ json, tokens, stops }): Piece => {
      const type = stops === true ? "messageStop" : json["usage"] === undefined ? "data" : "metadata";
      return { bytes: Buffer.from(`data: ${JSON.stringify(json)}\n\n`), type, tokens };
    }),
    { bytes: Buffer.from("data: [DONE]\n\n"), type: "done", tokens: 0 },
  ];
}

/** An error as OpenAI's clients read it. */
export function openaiError(message: string, type: string, members: JsonObject = {}): JsonObject {
  return {
    error: {
      code: ERROR_CODES[type] ?? null,
      message,
      param: null,
      type: ERROR_TYPES[type] ?? "api_error",
      ...members,
    },
  };
}

const ERROR_TYPES: Readonly<Record<string, string>> = {
  ValidationException: "invalid_request_error",
  SerializationException: "invalid_request_error",
  ResourceNotFoundException: "invalid_request_error",
  ThrottlingException: "rate_limit_error",
  AccessDeniedException: "authentication_error",
  UnrecognizedClientException: "authentication_error",
  MissingAuthenticationTokenException: "authentication_error",
};
const ERROR_CODES: Readonly<Record<string, string>> = {
  ResourceNotFoundException: "model_not_found",
  ThrottlingException: "rate_limit_exceeded",
  AccessDeniedException: "invalid_api_key",
};
