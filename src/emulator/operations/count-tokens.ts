import { inputTokensOf, segmentsOf } from "../answer/prompt.ts";
import { readAnthropic } from "../bodies/anthropic-read.ts";
import { checkAnthropic } from "../bodies/check-anthropic.ts";
import type { ConverseRequest } from "../converse-request.ts";
import type { Model } from "../models/model.ts";
import { invalid } from "../service-error.ts";
import { checkConverse } from "../validate/check-converse.ts";
import { readShape } from "../validate/read-shape.ts";
import { COUNT_TOKENS } from "../validate/converse-shape.ts";
import { jsonBody, jsonReply, modelBody, type Call, type Outcome } from "./call.ts";
import { findModel } from "./converse.ts";

/** The request counts what an invocation of it would be charged for as input; it wants the model's bare id. */
export function countTokensOperation(call: Call): Outcome {
  const body = readShape(jsonBody(call.request), COUNT_TOKENS);
  const resolved = findModel(call.state, call.route.parameters[0] ?? "");
  const { model, scope, profile } = resolved;
  if (!model.countsTokens || scope !== undefined || profile !== undefined)
    throw invalid("The provided model doesn't support counting tokens.");
  const { input } = body as unknown as Body;
  const request =
    input.converse ?? readInvocation(Buffer.from(input.invokeModel?.body ?? "", "base64"), model);
  if (input.converse !== undefined)
    checkConverse({ request, resolved, streams: false, issued: call.state.reasoning });
  return { reply: jsonReply({ inputTokens: inputTokensOf(segmentsOf(request)) }) };
}

interface Body {
  readonly input: {
    readonly converse?: ConverseRequest;
    readonly invokeModel?: { readonly body: string };
  };
}

function readInvocation(bytes: Buffer, model: Model): ConverseRequest {
  const body = modelBody(bytes);
  checkAnthropic(body, model, true);
  return readAnthropic(body);
}
