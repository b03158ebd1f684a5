import { assumeRoleOperation } from "./assume-role.ts";
import type { Call, Outcome } from "./call.ts";
import { converse } from "./converse.ts";
import { invokeModel } from "./invoke-model.ts";
import type { Operation } from "./route.ts";

export const HANDLERS: Readonly<Record<Operation, (call: Call) => Outcome>> = {
  Converse: converse,
  ConverseStream: converse,
  InvokeModel: invokeModel,
  InvokeModelWithResponseStream: invokeModel,
  CountTokens: converse,
  ApplyGuardrail: converse,
  GetInferenceProfile: converse,
  ChatCompletions: converse,
  AssumeRole: assumeRoleOperation,
};
