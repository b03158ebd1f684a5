import type { ChatEvent, ChatReply } from "../../../core/chat.ts";
import type { ChatWriter, ReplyFacts } from "../chat-writer.ts";
import { CallIds } from "./call-ids.ts";
import { callJson, headJson, messageJson, redactedJson, stopJson, usageJson } from "./reply-json.ts";

/** Writes a reply as Messages does. */
export function anthropicWriter(facts: ReplyFacts): ChatWriter {
  return new AnthropicWriter(facts);
}

type BlockKind = "text" | "thinking" | "redacted" | "tool";

const BLOCK_END = "}}\n\n";
const MESSAGE_STOP = 'event: message_stop\ndata: {"type":"message_stop"}\n\n';

/**
 * The order of a stream: message_start; of each block a content_block_start, its deltas and a content_block_stop;
 * message_delta with why it ended and the usage of the whole, which the upstream tells only after its stop; message_stop.
 * https://platform.claude.com/docs/en/docs/build-with-claude/streaming
 */
class AnthropicWriter implements ChatWriter {
  readonly #facts: ReplyFacts;
  readonly #ids: CallIds;
  #begun = false;
  /** Of the block that is open or was the last one. */
  #index = -1;
  #open: BlockKind | undefined;
  /** What every delta of the open block begins with, up to its text. */
  #before = "";
  /** Whether the open call has arguments yet. */
  #hasInput = false;
  #stop: Extract<ChatEvent, { type: "stop" }> | undefined;
  #usage: Extract<ChatEvent, { type: "usage" }> | undefined;

  constructor(facts: ReplyFacts) {
    this.#facts = facts;
    this.#ids = new CallIds(facts.exchangeId);
  }

  whole(reply: ChatReply): Buffer {
    return Buffer.from(messageJson(reply, this.#facts, this.#ids));
  }

  event(event: ChatEvent): Buffer | undefined {
    if (event.type === "usage") this.#usage = event;
    const text = this.#begin() + this.#events(event);
    return text === "" ? undefined : Buffer.from(text);
  }

  end(): Buffer {
    const usage = usageJson(this.#usage?.usage, this.#usage?.serviceTier);
    const stop = stopJson(this.#stop?.reason, this.#stop?.sequence);
    return Buffer.from(
      `${this.#begin()}${this.#close()}event: message_delta\ndata: {"type":"message_delta","delta":{${stop}},"usage":${usage}}\n\n${MESSAGE_STOP}`,
    );
  }

  /** An upstream that tells its usage at once has it here too; of others nothing is known yet. */
  #begin(): string {
    if (this.#begun) return "";
    this.#begun = true;
    const usage = usageJson(this.#usage?.usage, this.#usage?.serviceTier);
    return `event: message_start\ndata: {"type":"message_start","message":{${headJson(this.#facts)},"content":[],${stopJson(undefined, undefined)},"usage":${usage}}}\n\n`;
  }

  #events(event: ChatEvent): string {
    switch (event.type) {
      case "text":
        if (event.text === "") return "";
        return this.#delta("text", event.text);
      case "reasoning":
        return this.#reasoning(event.text, event.signature);
      case "redacted-reasoning":
        return this.#close() + this.#start("redacted", redactedJson(event.data)) + this.#close();
      case "tool-call":
        return this.#toolCall(event.id, event.name);
      case "tool-input":
        return this.#input(event.json);
      case "part-end":
        return this.#close();
      case "stop":
        this.#stop = event;
        return this.#close();
      case "usage":
        return "";
    }
  }

  /** A signature comes in a delta of its own and is the last of its block. */
  #reasoning(text: string, signature: string | undefined): string {
    const said = text === "" ? "" : this.#delta("thinking", text);
    if (signature === undefined) return said;
    const opened = this.#open === "thinking" ? "" : this.#close() + this.#start("thinking", THINKING);
    const delta = `{"type":"signature_delta","signature":${JSON.stringify(signature)}}`;
    return `${said}${opened}event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":${delta}}\n\n${this.#close()}`;
  }

  #toolCall(id: string, name: string): string {
    const closed = this.#close();
    this.#hasInput = false;
    return closed + this.#start("tool", callJson(this.#ids.give(id), name, "{}"));
  }

  #input(json: string): string {
    if (json === "") return "";
    this.#hasInput = true;
    return this.#before + JSON.stringify(json) + BLOCK_END;
  }

  #delta(kind: "text" | "thinking", text: string): string {
    const opened =
      this.#open === kind ? "" : this.#close() + this.#start(kind, kind === "text" ? TEXT : THINKING);
    return opened + this.#before + JSON.stringify(text) + BLOCK_END;
  }

  /** @param block  as it is before its deltas */
  #start(kind: BlockKind, block: string): string {
    const index = ++this.#index;
    this.#open = kind;
    this.#before = `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":{${DELTAS[kind]}:`;
    return `event: content_block_start\ndata: {"type":"content_block_start","index":${index},"content_block":${block}}\n\n`;
  }

  #close(): string {
    if (this.#open === undefined) return "";
    // A call without arguments has one empty piece, of which SDKs make an empty object.
    const bare = this.#open === "tool" && !this.#hasInput ? `${this.#before}""${BLOCK_END}` : "";
    this.#open = undefined;
    return `${bare}event: content_block_stop\ndata: {"type":"content_block_stop","index":${this.#index}}\n\n`;
  }
}

const TEXT = '{"type":"text","text":""}';
const THINKING = '{"type":"thinking","thinking":"","signature":""}';

/** How a delta of each kind begins, up to its text. */
const DELTAS: Readonly<Record<BlockKind, string>> = {
  text: '"type":"text_delta","text"',
  thinking: '"type":"thinking_delta","thinking"',
  tool: '"type":"input_json_delta","partial_json"',
  // It has none.
  redacted: "",
};
