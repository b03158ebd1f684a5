import type {
  ChatMessage,
  ChatPart,
  ChatRequest,
  MediaPart,
  ReasoningPart,
  Tool,
  ToolResultPart,
} from "../core/chat.ts";
import { CHAT_FRAMES, type ChatFrame } from "./chat-frame.ts";
import { imageSize } from "./image-size.ts";
import { imageTokens } from "./image-tokens.ts";
import type { TokenFamily } from "./token-family.ts";
import { jsonToolTexts, openAiToolTexts } from "./tool-texts.ts";

/** What a model reads of a request. */
export interface ChatTexts {
  /** To be counted one by one. */
  readonly texts: readonly string[];
  /** Tokens beside them: roles, tools, images; >= 0. */
  readonly added: number;
  /** Whether everything that the request holds is in it; otherwise the whole is more. */
  readonly certain: boolean;
}

/**
 * What a family's models read of a chat request, and the tokens they add to it. Documents that are not text, audio, video,
 * images whose bytes are not there or whose tokens are not documented, and what only a dialect knows, are not countable.
 */
export function chatTexts(chat: ChatRequest, family: TokenFamily): ChatTexts {
  const collector = new Collector(family);
  collector.system(chat.system);
  chat.messages.forEach((message, index) => collector.message(message, isBeforeTurn(chat.messages, index)));
  collector.tools(chat);
  collector.output(chat);
  collector.thinking(chat);
  return collector.collected();
}

/** Claude drops the thoughts of turns before the user's last. https://platform.claude.com/docs/en/build-with-claude/extended-thinking */
function isBeforeTurn(messages: readonly ChatMessage[], index: number): boolean {
  return messages
    .slice(index + 1)
    .some(({ role, parts }) => role === "user" && parts.some(({ type }) => type === "text"));
}

class Collector {
  readonly #family: TokenFamily;
  readonly #frame: ChatFrame;
  readonly #texts: string[] = [];
  #added: number;
  #certain = true;

  constructor(family: TokenFamily) {
    this.#family = family;
    this.#frame = CHAT_FRAMES[family];
    this.#added = this.#frame.request;
  }

  collected(): ChatTexts {
    return { texts: this.#texts, added: Math.max(0, this.#added), certain: this.#certain };
  }

  system(parts: ChatRequest["system"]): void {
    if (parts.length > 0) this.#added += this.#frame.system;
    for (const part of parts) this.#part(part);
  }

  message({ parts }: ChatMessage, beforeTurn: boolean): void {
    this.#added += this.#frame.message;
    for (const part of parts) {
      if (part.type === "reasoning") this.#reasoning(part, beforeTurn);
      else this.#part(part);
    }
  }

  tools({ tools, toolChoice }: ChatRequest): void {
    const known = tools.filter((tool) => tool.type === "tool");
    this.#certain &&= tools.every(({ type }) => type !== "opaque");
    if (known.length === 0) return;
    const isFree = toolChoice === undefined || toolChoice === "auto" || toolChoice === "none";
    this.#added += isFree ? this.#frame.tools : this.#frame.toolsForced;
    for (const tool of known) this.#tool(tool);
  }

  output({ output }: ChatRequest): void {
    const frame = this.#frame.outputSchema;
    if (output?.type !== "json-schema" || frame === undefined) return;
    this.#added += frame;
    this.#texts.push(JSON.stringify(output.schema));
  }

  thinking({ thinkingTokens }: ChatRequest): void {
    if (thinkingTokens !== undefined) this.#added += this.#frame.thinking;
  }

  #tool(tool: Tool): void {
    const read = this.#frame.toolTexts === "openai" ? openAiToolTexts(tool) : jsonToolTexts(tool);
    this.#added += this.#frame.tool + read.added;
    this.#texts.push(...read.texts);
  }

  #part(part: Exclude<ChatPart, ReasoningPart>): void {
    switch (part.type) {
      case "text":
        this.#texts.push(part.text);
        return;
      case "tool-call":
        this.#added += this.#frame.call;
        this.#texts.push(part.name, part.input);
        return;
      case "tool-result":
        this.#result(part);
        return;
      case "redacted-reasoning":
      case "opaque":
        this.#certain = false;
        return;
      case "cache-point":
        return;
      default:
        this.#media(part);
    }
  }

  #result({ content }: ToolResultPart): void {
    this.#added += this.#frame.result;
    for (const part of content) {
      if (part.type === "json") this.#texts.push(part.json);
      else this.#part(part);
    }
  }

  #reasoning({ text }: ReasoningPart, beforeTurn: boolean): void {
    if (beforeTurn && this.#family.startsWith("claude")) return;
    this.#texts.push(text);
  }

  #media({ type, source }: MediaPart): void {
    if (type === "document" && "text" in source) {
      this.#texts.push(source.text);
      return;
    }
    const size = type === "image" && "base64" in source ? imageSize(source.base64) : undefined;
    const tokens = size && imageTokens(size, this.#family);
    this.#added += tokens ?? 0;
    // OpenAI's smaller models count patches, and the detail asked for may be low.
    this.#certain &&= tokens !== undefined && !this.#family.startsWith("openai");
  }
}
