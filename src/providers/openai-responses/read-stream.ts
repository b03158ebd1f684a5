import type { ChatEvent } from "../../core/chat.ts";
import { fieldsOf, textOf, type Fields } from "../openai-chat/fields.ts";
import { parsedPayload, payloads } from "../openai-chat/payloads.ts";
import { argumentsText } from "../openai-chat/read-reply.ts";
import { readResponsesUsage } from "../openai-compatible/usage.ts";
import { ReplyFault } from "../reply-fault.ts";
import { BETWEEN_THOUGHTS, messageText, thoughtSignature, thoughtText } from "./read-items.ts";
import { readCall } from "./read-reply.ts";
import { stopReason } from "./stop-reason.ts";

/** An item that has begun and is not done. */
interface Open {
  readonly type: unknown;
  readonly id: unknown;
  readonly index: unknown;
  /** Something of it was told. */
  told: boolean;
  /** A thought is told as it was thought, or else in summary; not both. */
  source: "text" | "summary" | undefined;
  /** The paragraph of a summary that was told last. */
  paragraph: unknown;
}

/**
 * The events of a streamed response, in no dialect. Items come one after the other; what an engine tells only when an item
 * is done is told then. https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponsesEvents {
  readonly #tell: (event: ChatEvent) => void;
  #open: Open | undefined;
  /** Calls, by their index. */
  readonly #begun = new Set<unknown>();
  #hasCalls = false;
  #stopped = false;

  constructor(tell: (event: ChatEvent) => void) {
    this.#tell = tell;
  }

  /**
   * @param bytes  complete events, as they came
   * @throws ReplyFault where they are none of this API; nothing more can be read then
   */
  push(bytes: Buffer): void {
    for (const payload of payloads(bytes.toString())) {
      if (payload !== "[DONE]" && !this.#stopped) this.#event(parsedPayload(payload));
    }
  }

  #event(event: Fields): void {
    switch (event["type"]) {
      case "response.output_item.added":
        this.#begin(fieldsOf(event["item"]) ?? {}, event["output_index"]);
        return;
      case "response.output_text.delta":
      case "response.refusal.delta":
        return this.#text(textOf(event["delta"]));
      case "response.reasoning_text.delta":
        return this.#think("text", event);
      case "response.reasoning_summary_text.delta":
        return this.#think("summary", event);
      case "response.function_call_arguments.delta":
        return this.#arguments(event);
      case "response.output_item.done":
        return this.#done(fieldsOf(event["item"]) ?? {}, event["output_index"]);
      case "response.completed":
      case "response.incomplete":
        return this.#end(fieldsOf(event["response"]) ?? {});
      case "response.failed":
      case "error":
        throw new ReplyFault("the upstream failed in mid-stream");
    }
  }

  #begin(item: Fields, index: unknown): Open {
    const { type, id } = item;
    const open: Open = { type, id, index, told: false, source: undefined, paragraph: undefined };
    this.#open = open;
    if (type === "function_call") {
      this.#hasCalls = true;
      this.#begun.add(index);
      this.#tell({ type: "tool-call", ...readCall(item) });
    }
    return open;
  }

  #text(text: string | undefined): void {
    if (text === undefined) return;
    if (this.#open !== undefined) this.#open.told = true;
    this.#tell({ type: "text", text });
  }

  #think(source: "text" | "summary", event: Fields): void {
    const open = this.#open;
    const text = textOf(event["delta"]);
    if (text === undefined) return;
    const paragraph = event["summary_index"] ?? event["content_index"];
    let before = "";
    if (open !== undefined) {
      open.source ??= source;
      if (open.source !== source) return;
      if (open.told && open.paragraph !== paragraph) before = BETWEEN_THOUGHTS;
      open.paragraph = paragraph;
      open.told = true;
    }
    this.#tell({ type: "reasoning", text: before + text, signature: undefined });
  }

  #arguments(event: Fields): void {
    const json = textOf(event["delta"]);
    if (json === undefined) return;
    const open = this.#openItem("function_call", event["item_id"], event["output_index"]);
    if (open === undefined) throw notUnderWay();
    open.told = true;
    this.#tell({ type: "tool-input", json });
  }

  /** Either name of an item may be wrong with some engines, but not both. */
  #openItem(type: unknown, id: unknown, index: unknown): Open | undefined {
    const open = this.#open;
    if (open === undefined || open.type !== type) return undefined;
    return open.index === index || open.id === id ? open : undefined;
  }

  #done(item: Fields, index: unknown): void {
    let open = this.#openItem(item["type"], item["id"], index);
    if (open === undefined) {
      if (this.#begun.has(index)) throw notUnderWay();
      // Some engines tell an item only when it is done.
      open = this.#begin(item, index);
    }
    const { told } = open;
    this.#open = undefined;
    switch (item["type"]) {
      case "message": {
        const text = told ? "" : messageText(item);
        if (text !== "") this.#tell({ type: "text", text });
        if (told || text !== "") this.#tell({ type: "part-end" });
        return;
      }
      case "reasoning": {
        const text = told ? "" : thoughtText(item);
        const signature = thoughtSignature(item);
        if (text !== "" || signature !== undefined) this.#tell({ type: "reasoning", text, signature });
        if (told || text !== "" || signature !== undefined) this.#tell({ type: "part-end" });
        return;
      }
      case "function_call": {
        const json = told ? "" : argumentsText(item["arguments"]);
        if (json !== "") this.#tell({ type: "tool-input", json });
        this.#tell({ type: "part-end" });
      }
    }
  }

  #end(response: Fields): void {
    this.#stopped = true;
    this.#tell({ type: "stop", reason: stopReason(response, this.#hasCalls) });
    const usage = readResponsesUsage(response["usage"]);
    if (usage === undefined || usage === "invalid") return;
    const serviceTier = textOf(response["service_tier"]);
    this.#tell({ type: "usage", usage, latencyMs: undefined, serviceTier });
  }
}

/** Pieces of several calls in turn cannot be told one call after the other. */
function notUnderWay(): ReplyFault {
  return new ReplyFault("the upstream sent a piece of a function call that is not under way");
}
