import type { BedrockModel } from "./bedrock-model.ts";

/** What of a model bears on how a conversation is written for it, whatever API it is asked by. */
export type ConversationModel = Pick<
  BedrockModel,
  | "system"
  | "midSystem"
  | "tools"
  | "toolChoice"
  | "strictTools"
  | "parallelToolSwitch"
  | "toolResults"
  | "images"
  | "documents"
  | "jsonSchema"
  | "reasoning"
  | "acceptsReasoningBack"
  | "sampling"
  | "stopSequences"
  | "prefill"
  | "topK"
  | "cache"
>;
