import { applyGuardrail } from "./apply-guardrail.ts";
import { assumeRoleOperation } from "./assume-role.ts";
import type { Call, Outcome } from "./call.ts";
import { chatCompletions } from "./chat-completions.ts";
import { converse } from "./converse.ts";
import { countTokensOperation } from "./count-tokens.ts";
import { getInferenceProfile } from "./get-inference-profile.ts";
import { invokeModel } from "./invoke-model.ts";
import type { Operation } from "./route.ts";

export const HANDLERS: Readonly<Record<Operation, (call: Call) => Outcome>> = {
  Converse: converse,
  ConverseStream: converse,
  InvokeModel: invokeModel,
  InvokeModelWithResponseStream: invokeModel,
  CountTokens: countTokensOperation,
  ApplyGuardrail: applyGuardrail,
  GetInferenceProfile: getInferenceProfile,
  ChatCompletions: chatCompletions,
  AssumeRole: assumeRoleOperation,
};
