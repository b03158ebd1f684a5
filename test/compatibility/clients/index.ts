import type { Client } from "../client.ts";
import { AI_SDK_CLIENTS } from "./ai-sdk-providers.ts";
import { anthropicMessages } from "./anthropic.ts";
import { awsConverse } from "./aws-converse.ts";
import { awsInvoke } from "./aws-invoke.ts";
import { LANGCHAIN_CLIENTS } from "./langchain-models.ts";
import { openAiChat } from "./openai-chat.ts";
import { openAiResponses } from "./openai-responses.ts";

/** The clients, in the page's order. */
export const CLIENTS: readonly Client[] = [
  openAiChat,
  openAiResponses,
  anthropicMessages,
  awsConverse,
  awsInvoke,
  ...AI_SDK_CLIENTS,
  ...LANGCHAIN_CLIENTS,
];
