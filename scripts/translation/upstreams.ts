import { bedrockModel } from "../../src/catalog/bedrock-models.ts";
import { claudeModel } from "../../src/catalog/claude-models.ts";
import type { ChatRequest, Inexpressible } from "../../src/core/chat.ts";
import { PNG } from "./samples/sample.ts";
import type { Dialect } from "../../src/core/wire.ts";
import { writeAnthropicMessages } from "../../src/providers/anthropic-messages/write-request.ts";
import { writeConverse } from "../../src/providers/bedrock/converse/write-request.ts";
import { writeOpenAiChat } from "../../src/providers/openai-chat/write-request.ts";
import { writeResponse } from "../../src/providers/openai-responses/write-request.ts";
import { Losses } from "../../src/providers/conversation/losses.ts";
import { leaveOthers } from "../../src/providers/text-generation/leave-others.ts";
import { writePrompt } from "../../src/providers/text-generation/write-prompt.ts";

/** A form in which upstreams are asked. */
export interface UpstreamForm {
  readonly title: string;
  /** Whose requests pass as they are. */
  readonly passes: Dialect | undefined;
  /** The only dialect that is served in this form; of others it is another. */
  readonly only?: Dialect;
  readonly write: (chat: ChatRequest) => {
    readonly text: string;
    readonly inexpressible: readonly Inexpressible[];
  };
}

/** What the engines behind prompts take beside it. */
const TAKEN: ReadonlySet<string> = new Set([
  "seed",
  "presence_penalty",
  "frequency_penalty",
  "repetition_penalty",
]);
const CLAUDE_BY_CONVERSE = "Converse (Claude)";
const CLAUDE = "claude-sonnet-4-6";
const how = { model: "m", stream: false, outputCap: undefined, withoutThoughts: false } as const;

export const UPSTREAMS: readonly UpstreamForm[] = [
  {
    title: "chat completions (OpenAI)",
    passes: "openai",
    write(chat) {
      const written = writeOpenAiChat(chat, { ...how, outputParam: "max_completion_tokens", topK: false });
      return { text: written.body, inexpressible: written.inexpressible };
    },
  },
  {
    title: "chat completions (engines)",
    passes: "openai",
    write(chat) {
      const written = writeOpenAiChat(chat, { ...how, outputParam: "max_tokens", topK: true });
      return { text: written.body, inexpressible: written.inexpressible };
    },
  },
  {
    title: "Responses",
    passes: "responses",
    write(chat) {
      const written = writeResponse(chat, { ...how, leastOutput: 16, encryptsReasoning: true });
      return { text: written.body, inexpressible: written.inexpressible };
    },
  },
  {
    title: "Messages (Claude)",
    passes: "anthropic",
    write(chat) {
      const abilities = claudeModel(CLAUDE);
      const written = writeAnthropicMessages({ ...how, chat, abilities, purpose: "whole", autoCache: false });
      return { text: written.body, inexpressible: written.inexpressible };
    },
  },
  {
    title: "InvokeModel (Claude on Bedrock)",
    passes: "anthropic",
    only: "anthropic",
    write() {
      throw new Error("only Messages are served by InvokeModel");
    },
  },
  converse(CLAUDE_BY_CONVERSE, `anthropic.${CLAUDE}`),
  converse("Converse (Nova)", "amazon.nova-pro-v1:0"),
  {
    title: "prompts (TGI, DJL, Triton)",
    passes: undefined,
    write(chat) {
      const { prompt, inexpressible } = writePrompt(chat, "llama3");
      const losses = new Losses();
      leaveOthers(chat.others, TAKEN, losses);
      const { maxOutputTokens, temperature, topP, topK, stop } = chat;
      const taken = chat.others.filter(({ name }) => TAKEN.has(name));
      return {
        text: JSON.stringify([prompt, maxOutputTokens, temperature, topP, topK, stop, taken]),
        inexpressible: [...inexpressible, ...losses.list],
      };
    },
  },
];

/** The forms in which upstreams are asked for clients of a dialect. */
export function upstreamsFor(dialect: Dialect): readonly UpstreamForm[] {
  const isBedrocks = UPSTREAMS.some(({ only }) => only === dialect);
  return UPSTREAMS.filter(
    ({ only, title }) => (only ?? dialect) === dialect && !(isBedrocks && title === CLAUDE_BY_CONVERSE),
  );
}

function converse(title: string, id: string): UpstreamForm {
  const model = bedrockModel(id);
  return {
    title,
    passes: "bedrock",
    write(chat) {
      const written = writeConverse({ ...how, chat: fetched(chat), model, metadata: {} });
      return { text: written.body, inexpressible: written.inexpressible };
    },
  };
}

/** As the adapter has it: what is named by address is fetched before the request is written. */
function fetched(chat: ChatRequest): ChatRequest {
  const messages = chat.messages.map((message) => ({
    ...message,
    parts: message.parts.map((part) =>
      "source" in part && "url" in part.source ? { ...part, source: { base64: PNG } } : part,
    ),
  }));
  return { ...chat, messages };
}
