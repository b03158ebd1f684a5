import type { BedrockModel } from "../../../catalog/bedrock-models.ts";
import { bedrockModel } from "../../../catalog/bedrock-models.ts";
import type { ChatMessage, ChatPart, ChatRequest, Inexpressible, Tool } from "../../../core/chat.ts";
import type { ReadBack } from "../../conversation/read-back.ts";
import { type ConverseWish, writeConverse } from "./write-request.ts";
import { EMPTY_CHAT } from "../../../../test/support/empty-chat.ts";

// Not tests: what the tests of this folder share.

export const SONNET_45 = bedrockModel("anthropic.claude-sonnet-4-5-20250929-v1:0");
export const SONNET_46 = bedrockModel("anthropic.claude-sonnet-4-6");
export const OPUS_47 = bedrockModel("anthropic.claude-opus-4-7");
export const OPUS_48 = bedrockModel("anthropic.claude-opus-4-8");
export const HAIKU_3 = bedrockModel("anthropic.claude-3-haiku-20240307-v1:0");
export const NOVA_PRO = bedrockModel("amazon.nova-pro-v1:0");
export const NOVA_2 = bedrockModel("amazon.nova-2-lite-v1:0");
export const LLAMA = bedrockModel("meta.llama3-3-70b-instruct-v1:0");
export const MISTRAL_7B = bedrockModel("mistral.mistral-7b-instruct-v0:2");
export const GPT_OSS = bedrockModel("openai.gpt-oss-120b-1:0");
export const QWEN = bedrockModel("qwen.qwen3-32b-v1:0");
export const PALMYRA = bedrockModel("writer.palmyra-x5-v1:0");

export function user(...parts: (string | ChatPart)[]): ChatMessage {
  return { role: "user", parts: parts.map(part) };
}

export function assistant(...parts: (string | ChatPart)[]): ChatMessage {
  return { role: "assistant", parts: parts.map(part) };
}

export function systemMessage(...parts: (string | ChatPart)[]): ChatMessage {
  return { role: "system", parts: parts.map(part) };
}

function part(value: string | ChatPart): ChatPart {
  return typeof value === "string" ? { type: "text", text: value } : value;
}

export function call(id: string, name = "look", input = "{}"): ChatPart {
  return { type: "tool-call", id, name, input };
}

export function result(id: string, text = "seen"): ChatPart {
  return { type: "tool-result", id, content: [{ type: "text", text }], isError: false };
}

export function tool(name: string, more: Partial<Tool> = {}): Tool {
  return { type: "tool", name, description: undefined, schema: undefined, strict: undefined, ...more };
}

export function cachePoint(ttl?: "5m" | "1h"): {
  readonly type: "cache-point";
  readonly ttl: "5m" | "1h" | undefined;
} {
  return { type: "cache-point", ttl };
}

// oxlint-disable-next-line typescript/no-explicit-any -- bodies are looked at in all directions
export type Body = any;

export interface Written {
  readonly body: Body;
  readonly text: string;
  readonly how: ReadBack;
  readonly lost: readonly Inexpressible[];
}

/** What is written for a request that says "hi" and what is given. */
export function write(
  chat: Partial<ChatRequest>,
  model: BedrockModel = SONNET_45,
  more: Partial<Omit<ConverseWish, "chat" | "model">> = {},
): Written {
  const { body, how, inexpressible } = writeConverse({
    outputCap: undefined,
    withoutThoughts: false,
    metadata: {},
    ...more,
    chat: { ...EMPTY_CHAT, messages: [user("hi")], ...chat },
    model,
  });
  return { body: JSON.parse(body), text: body, how, lost: inexpressible };
}

/** `name why` of each loss; a `!` before those that may not be dropped. */
export function told({ lost }: Written): string[] {
  return lost.map(({ name, why, droppable }) => `${droppable ? "" : "!"}${name} ${why}`);
}
