import { compose } from "../answer/compose.ts";
import { inputTokensOf, segmentsOf } from "../answer/prompt.ts";
import type { Answer } from "../answer/answer.ts";
import type { ToolIds } from "../answer/tool-calls.ts";
import { converseBody } from "../bodies/converse.ts";
import { converseEvents } from "../bodies/converse-stream.ts";
import type { ConverseRequest } from "../converse-request.ts";
import { requireThroughput, resolveModel, type Resolved } from "../models/resolve.ts";
import { checkConverse } from "../validate/check-converse.ts";
import { readShape } from "../validate/read-shape.ts";
import { CONVERSE } from "../validate/converse-shape.ts";
import type { State } from "../state.ts";
import { jsonBody, jsonReply, latencyOf, type Call, type Outcome } from "./call.ts";

/** Converse and ConverseStream. */
export function converse(call: Call): Outcome {
  const streams = call.route.operation === "ConverseStream";
  const request = readShape(jsonBody(call.request), CONVERSE) as ConverseRequest;
  const resolved = findModel(call.state, call.route.parameters[0] ?? "");
  requireThroughput(resolved);
  checkConverse({ request, resolved, streams, issued: call.state.reasoning });
  const { answer, settle } = answerTo(call, request, resolved, "tooluse");
  const latencyMs = latencyOf(call);
  if (!streams) return { reply: jsonReply(converseBody(request, resolved.model, answer, latencyMs)), settle };
  return {
    reply: {
      status: 200,
      headers: { "content-type": "application/vnd.amazon.eventstream" },
      body: converseEvents(request, resolved.model, answer, latencyMs),
    },
    settle,
  };
}

export function findModel(state: State, asked: string): Resolved {
  return resolveModel(asked, state.profiles, state.keyring.region);
}

/** Reserves the quota, and makes up an answer. */
export function answerTo(
  { state, identity }: Call,
  request: ConverseRequest,
  resolved: Resolved,
  toolIds: ToolIds,
): { readonly answer: Answer; settle: (this: void) => void } {
  const { model } = resolved;
  const nowMs = state.clock.now();
  const most = request.inferenceConfig?.maxTokens ?? model.maxOutputTokens;
  const reservation = state.quotas.reserve(
    identity.account,
    resolved,
    inputTokensOf(segmentsOf(request)) + most,
    nowMs,
  );
  const answer = compose(request, model, {
    cache: state.cache,
    owner: `${identity.account} ${resolved.asked}`,
    guardrails: state.script.guardrails,
    said: state.script.answers,
    speaker: state.speaker,
    toolIds,
    nowMs,
  });
  state.reasoning.remember(answer.blocks);
  const { input, cacheWrite, output } = answer.usage;
  return { answer, settle: () => reservation.settle(input + cacheWrite + output * model.burndown) };
}
