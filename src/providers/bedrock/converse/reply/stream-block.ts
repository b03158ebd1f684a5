import type { ChatEvent } from "../../../../core/chat.ts";
import { asRecord, asText, type Json } from "../../../json-value.ts";
import { ReplyFault } from "../../../reply-fault.ts";
import type { EventOf } from "../../../conversation/answer-filter.ts";
import { redactedData } from "../../../../core/bedrock-redacted.ts";

/** What a block of a stream is; `skipped` is what the client has nothing to do with. */
export type StreamKind = "open" | "call" | "answer" | "skipped";

type Tell = (event: ChatEvent, of: EventOf) => void;

const PART_END: ChatEvent = { type: "part-end" };

/** One content block of a stream. Text and thoughts have no start event, so a block is open until its first delta. */
export class StreamBlock {
  readonly kind: StreamKind;
  readonly #tell: Tell;
  #of: EventOf = "other";
  #hasTold = false;
  #signature: string | undefined;
  readonly #redacted: Buffer[] = [];

  constructor(kind: StreamKind, tell: Tell) {
    this.kind = kind;
    this.#tell = tell;
    if (kind === "answer") this.#of = "answer";
  }

  beginCall(id: string, name: string): void {
    this.#say({ type: "tool-call", id, name });
  }

  delta(delta: Json): void {
    if (this.kind === "skipped") return;
    const text = asText(delta["text"]);
    if (text !== undefined) this.#words(text);
    const input = asText(asRecord(delta["toolUse"])?.["input"]);
    if (input !== undefined) this.#input(input);
    const thought = asRecord(delta["reasoningContent"]);
    if (thought !== undefined) this.#think(thought);
  }

  /** The block is complete. */
  end(): void {
    if (this.#signature !== undefined) this.#say({ type: "reasoning", text: "", signature: this.#signature });
    if (this.#redacted.length > 0)
      this.#say({ type: "redacted-reasoning", data: redactedData(Buffer.concat(this.#redacted)) });
    // An answer without arguments is an empty object.
    if (this.kind === "answer" && !this.#hasTold) this.#say({ type: "text", text: "{}" });
    if (this.#hasTold) this.#tell(PART_END, this.#of);
  }

  #words(text: string): void {
    if (text === "" || this.kind !== "open") return;
    this.#of = "words";
    this.#say({ type: "text", text });
  }

  #input(json: string): void {
    if (this.kind === "open") throw new ReplyFault("arguments of a tool came without their call");
    if (json === "") return;
    this.#say(this.kind === "answer" ? { type: "text", text: json } : { type: "tool-input", json });
  }

  /** A signature and redacted bytes may come in pieces, and are of use only when they are whole. */
  #think(thought: Json): void {
    if (this.kind !== "open") return;
    const text = asText(thought["text"]);
    if (text !== undefined && text !== "") this.#say({ type: "reasoning", text, signature: undefined });
    const signature = asText(thought["signature"]);
    if (signature !== undefined) this.#signature = (this.#signature ?? "") + signature;
    const redacted = asText(thought["redactedContent"]);
    if (redacted !== undefined) this.#redacted.push(Buffer.from(redacted, "base64"));
  }

  #say(event: ChatEvent): void {
    this.#hasTold = true;
    this.#tell(event, this.#of);
  }
}
