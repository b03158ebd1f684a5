import type { Client } from "../client.ts";
import { openAiChat } from "./openai-chat.ts";

/** The clients, in the page's order. */
export const CLIENTS: readonly Client[] = [openAiChat];
