import type { ChatEvent, ChatReply } from "../../../core/chat.ts";
import { writeEvent } from "../../../core/event-stream.ts";
import type { ChatWriter, ReplyFacts } from "../chat-writer.ts";
import { CallIds } from "./call-ids.ts";
import { padding } from "./padding.ts";
import { redactedBytes } from "../../../core/bedrock-redacted.ts";
import { converseReply, STOP_REASONS, tierJson, usageJson } from "./reply-json.ts";

/** Writes a reply as Converse and ConverseStream do. */
export function converseWriter(facts: ReplyFacts): ChatWriter {
  return new ConverseWriter(facts);
}

type BlockKind = "text" | "reasoning" | "tool";

/**
 * The order of a stream: messageStart; of each block its deltas and a contentBlockStop, a contentBlockStart only before
 * those of a tool; messageStop; metadata. Members are sorted, and every event is padded, as the service's are.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */
class ConverseWriter implements ChatWriter {
  readonly #facts: ReplyFacts;
  readonly #ids: CallIds;
  #begun = false;
  /** Of the block that is open or was the last one. */
  #index = -1;
  #open: BlockKind | undefined;
  /** Whether the open call has arguments yet. */
  #hasInput = false;
  #usage: Extract<ChatEvent, { type: "usage" }> | undefined;
  #frames: Buffer[] = [];

  constructor(facts: ReplyFacts) {
    this.#facts = facts;
    this.#ids = new CallIds(facts.exchangeId);
  }

  whole(reply: ChatReply): Buffer {
    return Buffer.from(converseReply(reply, this.#latency(reply.latencyMs), this.#ids));
  }

  event(event: ChatEvent): Buffer | undefined {
    if (!this.#begun) {
      this.#begun = true;
      this.#frame("messageStart", `{"p":"${padding()}","role":"assistant"}`);
    }
    this.#write(event);
    return this.#taken();
  }

  end(): Buffer {
    const latency = this.#latency(this.#usage?.latencyMs);
    return writeEvent(
      "metadata",
      `{"metrics":{"latencyMs":${latency}},"p":"${padding()}",${tierJson(this.#usage?.serviceTier)}"usage":${usageJson(this.#usage?.usage)}}`,
    );
  }

  #write(event: ChatEvent): void {
    switch (event.type) {
      case "text":
        if (event.text !== "") this.#delta("text", `{"text":${JSON.stringify(event.text)}}`);
        return;
      case "reasoning":
        return this.#reasoning(event.text, event.signature);
      case "redacted-reasoning":
        this.#close();
        this.#delta(
          "reasoning",
          `{"reasoningContent":{"redactedContent":"${redactedBytes(event.data).toString("base64")}"}}`,
        );
        return this.#close();
      case "tool-call":
        return this.#toolCall(event.id, event.name);
      case "tool-input":
        return this.#input(event.json);
      case "part-end":
        return this.#close();
      case "stop":
        this.#close();
        return this.#frame(
          "messageStop",
          `{"p":"${padding()}","stopReason":"${STOP_REASONS[event.reason]}"}`,
        );
      case "usage":
        this.#usage = event;
        return;
    }
  }

  /** A signature comes in a delta of its own and is the last of its block. */
  #reasoning(text: string, signature: string | undefined): void {
    if (text !== "") this.#delta("reasoning", `{"reasoningContent":{"text":${JSON.stringify(text)}}}`);
    if (signature === undefined) return;
    this.#delta("reasoning", `{"reasoningContent":{"signature":${JSON.stringify(signature)}}}`);
    this.#close();
  }

  #toolCall(id: string, name: string): void {
    this.#close();
    this.#begin("tool");
    this.#hasInput = false;
    this.#frame(
      "contentBlockStart",
      `{"contentBlockIndex":${this.#index},"p":"${padding()}","start":{"toolUse":{"name":${JSON.stringify(name)},"toolUseId":"${this.#ids.give(id)}"}}}`,
    );
  }

  #input(json: string): void {
    if (json === "") return;
    this.#hasInput = true;
    this.#delta("tool", `{"toolUse":{"input":${JSON.stringify(json)}}}`);
  }

  #delta(kind: BlockKind, delta: string): void {
    if (this.#open !== kind) {
      this.#close();
      this.#begin(kind);
    }
    this.#frame(
      "contentBlockDelta",
      `{"contentBlockIndex":${this.#index},"delta":${delta},"p":"${padding()}"}`,
    );
  }

  #begin(kind: BlockKind): void {
    this.#index++;
    this.#open = kind;
  }

  #close(): void {
    if (this.#open === undefined) return;
    // Clients put the pieces together and parse them; of no piece they would parse nothing.
    if (this.#open === "tool" && !this.#hasInput) this.#input("{}");
    this.#open = undefined;
    this.#frame("contentBlockStop", `{"contentBlockIndex":${this.#index},"p":"${padding()}"}`);
  }

  #frame(type: string, payload: string): void {
    this.#frames.push(writeEvent(type, payload));
  }

  #taken(): Buffer | undefined {
    const frames = this.#frames;
    if (frames.length === 0) return undefined;
    this.#frames = [];
    return frames.length === 1 ? frames[0] : Buffer.concat(frames);
  }

  /** The upstream's own word, or the time since the exchange began: clients rely on a number. */
  #latency(told: number | undefined): number {
    return Math.max(0, Math.round(told ?? Date.now() - this.#facts.startedAtMs));
  }
}
