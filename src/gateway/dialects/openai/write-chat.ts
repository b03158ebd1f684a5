import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import type { ChatWriter, ReplyFacts } from "../chat-writer.ts";
import {
  completion,
  completionId,
  createdAt,
  FINISH_REASONS,
  thinkingBlock,
  tierBody,
  usageBody,
} from "./reply-body.ts";

/** Writes a reply as OpenAI's chat completions do. */
export function openAiChatWriter(facts: ReplyFacts): ChatWriter {
  return new OpenAiChatWriter(facts);
}

const DONE = "data: [DONE]\n\n";
const ROLE = '{"role":"assistant","content":""}';

/**
 * https://platform.openai.com/docs/api-reference/chat-streaming: the role first; one choice, whose index is 0; calls
 * counted from 0 whatever stands between them; after the finish reason the usage, where it was asked for.
 */
class OpenAiChatWriter implements ChatWriter {
  readonly #facts: ReplyFacts;
  /** What is the same in every chunk, before and after its delta. */
  readonly #before: string;
  readonly #head: string;
  /** Chunks before the one with the usage say that it is not there yet, where it was asked for. */
  readonly #after: string;
  #begun = false;
  /** The ordinal of the last call. */
  #call = -1;
  /** Whether a call is open to which no arguments have come. */
  #isBare = false;
  /** What the thought under way has said, to stand beside its signature. */
  #thought = "";
  #usage: Extract<ChatEvent, { type: "usage" }> | undefined;

  constructor(facts: ReplyFacts) {
    this.#facts = facts;
    this.#head = `data: {"id":${JSON.stringify(completionId(facts))},"object":"chat.completion.chunk","created":${createdAt(facts)},"model":${JSON.stringify(facts.model)},"choices":[`;
    this.#before = `${this.#head}{"index":0,"delta":`;
    this.#after = facts.includeUsage ? '}],"usage":null}\n\n' : "}]}\n\n";
  }

  whole(reply: ChatReply): Buffer {
    return Buffer.from(JSON.stringify(completion(reply, this.#facts)));
  }

  event(event: ChatEvent): Buffer | undefined {
    const text = this.#chunks(event);
    if (this.#begun) return text === "" ? undefined : Buffer.from(text);
    this.#begun = true;
    return Buffer.from(this.#chunk(ROLE) + text);
  }

  end(): Buffer {
    const usage = this.#usage;
    if (!this.#facts.includeUsage || usage === undefined) return Buffer.from(DONE);
    const rest = JSON.stringify({ usage: usageBody(usage.usage), ...tierBody(usage.serviceTier) });
    return Buffer.from(`${this.#head}],${rest.slice(1)}\n\n${DONE}`);
  }

  #chunks(event: ChatEvent): string {
    switch (event.type) {
      case "text":
        if (event.text === "") return "";
        return this.#close() + this.#chunk(`{"content":${JSON.stringify(event.text)}}`);
      case "reasoning":
        return this.#reasoning(event.text, event.signature);
      case "redacted-reasoning":
        return this.#close() + this.#thinking(thinkingBlock(event));
      case "tool-call":
        return this.#toolCall(event.id, event.name);
      case "tool-input":
        return this.#input(event.json);
      case "part-end":
        return this.#close();
      case "stop":
        return this.#close() + this.#finish(event.reason);
      case "usage":
        this.#usage = event;
        return "";
    }
  }

  /** The signature comes with all that it signs, so that a client needs to put nothing together to send it back. */
  #reasoning(text: string, signature: string | undefined): string {
    const closed = this.#isBare ? this.#close() : "";
    const said = text === "" ? "" : this.#chunk(`{"reasoning_content":${JSON.stringify(text)}}`);
    this.#thought += text;
    if (signature === undefined) return closed + said;
    const block = thinkingBlock({ type: "reasoning", text: this.#thought, signature });
    this.#thought = "";
    return closed + said + this.#thinking(block);
  }

  #thinking(block: object | undefined): string {
    return this.#chunk(`{"thinking_blocks":[${JSON.stringify(block)}]}`);
  }

  #toolCall(id: string, name: string): string {
    const closed = this.#close();
    this.#call++;
    this.#isBare = true;
    const call = { index: this.#call, id, type: "function", function: { name, arguments: "" } };
    return closed + this.#chunk(`{"tool_calls":[${JSON.stringify(call)}]}`);
  }

  #input(json: string): string {
    if (json === "") return "";
    this.#isBare = false;
    return this.#chunk(
      `{"tool_calls":[{"index":${this.#call},"function":{"arguments":${JSON.stringify(json)}}}]}`,
    );
  }

  /** The part under way is complete; a call without arguments has none, and that is an empty object. */
  #close(): string {
    this.#thought = "";
    return this.#isBare ? this.#input("{}") : "";
  }

  #finish(reason: StopReason): string {
    return `${this.#before}{},"logprobs":null,"finish_reason":"${FINISH_REASONS[reason]}"${this.#after}`;
  }

  #chunk(delta: string): string {
    return `${this.#before}${delta},"logprobs":null,"finish_reason":null${this.#after}`;
  }
}
