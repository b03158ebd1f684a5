import type { ChatEvent } from "../../core/chat.ts";
import type { EventOf } from "../conversation/answer-filter.ts";
import { asRecord, asText, type Json } from "../json-value.ts";
import { ReplyFault } from "../reply-fault.ts";

/** What a block of a stream is; `skipped` is what the client has nothing to do with. */
export type StreamKind = "text" | "thought" | "call" | "answer" | "skipped";

type Tell = (event: ChatEvent, of: EventOf) => void;

const PART_END: ChatEvent = { type: "part-end" };

/** One content block of a stream of Messages. */
export class StreamBlock {
  readonly #kind: StreamKind;
  readonly #tell: Tell;
  #hasTold = false;
  #signature = "";
  /** Arguments that stood in the block's beginning: some engines send them whole. */
  #given = "";
  #hasInput = false;

  constructor(kind: StreamKind, tell: Tell) {
    this.#kind = kind;
    this.#tell = tell;
  }

  /** @param names  of tools on the wire -> the client's, where they differ */
  begin(block: Json, names: ReadonlyMap<string, string>): void {
    switch (this.#kind) {
      case "text":
        return this.#words(asText(block["text"]));
      case "thought": {
        const data = asText(block["data"]);
        if (data !== undefined) this.#say({ type: "redacted-reasoning", data });
        this.#think(asText(block["thinking"]), asText(block["signature"]));
        return;
      }
      case "call":
        this.#call(block, names);
        break;
      case "answer":
        break;
      case "skipped":
        return;
    }
    const input = asRecord(block["input"]);
    if (input !== undefined && Object.keys(input).length > 0) this.#given = JSON.stringify(input);
  }

  delta(delta: Json): void {
    switch (delta["type"]) {
      case "text_delta":
        return this.#words(asText(delta["text"]));
      case "input_json_delta":
        return this.#input(asText(delta["partial_json"]));
      case "thinking_delta":
        return this.#think(asText(delta["thinking"]), undefined);
      case "signature_delta":
        return this.#think(undefined, asText(delta["signature"]));
      default:
    }
  }

  /** The block is complete. */
  end(): void {
    // A signature may come in pieces, and is of use only when it is whole.
    if (this.#signature !== "") this.#say({ type: "reasoning", text: "", signature: this.#signature });
    if (!this.#hasInput && this.#given !== "") this.#input(this.#given);
    // An answer without arguments is an empty object.
    if (this.#kind === "answer" && !this.#hasTold) this.#say({ type: "text", text: "{}" });
    if (this.#hasTold) this.#tell(PART_END, this.#of);
  }

  get #of(): EventOf {
    return this.#kind === "text" ? "words" : this.#kind === "answer" ? "answer" : "other";
  }

  #call({ id, name }: Json, names: ReadonlyMap<string, string>): void {
    const wireName = asText(name);
    const wireId = asText(id);
    if (wireName === undefined || wireId === undefined)
      throw new ReplyFault("a tool call has no name or no id");
    this.#say({ type: "tool-call", id: wireId, name: names.get(wireName) ?? wireName });
  }

  #words(text: string | undefined): void {
    if (this.#kind === "text" && text !== undefined && text !== "") this.#say({ type: "text", text });
  }

  #input(json: string | undefined): void {
    if (this.#kind === "skipped" || json === undefined || json === "") return;
    if (this.#kind === "text" || this.#kind === "thought")
      throw new ReplyFault("arguments of a tool came without their call");
    this.#hasInput = true;
    this.#say(this.#kind === "answer" ? { type: "text", text: json } : { type: "tool-input", json });
  }

  #think(text: string | undefined, signature: string | undefined): void {
    if (this.#kind !== "thought") return;
    if (text !== undefined && text !== "") this.#say({ type: "reasoning", text, signature: undefined });
    if (signature !== undefined) this.#signature += signature;
  }

  #say(event: ChatEvent): void {
    this.#hasTold = true;
    this.#tell(event, this.#of);
  }
}
