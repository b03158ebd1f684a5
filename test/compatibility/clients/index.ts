import type { Client } from "../client.ts";
import { anthropicMessages } from "./anthropic.ts";
import { awsConverse } from "./aws-converse.ts";
import { openAiChat } from "./openai-chat.ts";
import { openAiResponses } from "./openai-responses.ts";

/** The clients, in the page's order. */
export const CLIENTS: readonly Client[] = [openAiChat, openAiResponses, anthropicMessages, awsConverse];
