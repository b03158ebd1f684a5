import type { ChatEvent, StopReason } from "../../core/chat.ts";
import { AnswerFilter, type EventOf } from "../conversation/answer-filter.ts";
import type { ReadBack } from "../conversation/read-back.ts";
import { asRecord, asText, type Json } from "../json-value.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readStopReason } from "./stop-reason.ts";
import { StreamBlock, type StreamKind } from "./stream-block.ts";
import { mergedUsage, readAnthropicUsage } from "./usage.ts";

/**
 * The events of a streamed reply of Messages, in no dialect. That the stream came to its `message_stop`, the caller sees to.
 * https://platform.claude.com/docs/en/build-with-claude/streaming
 */
export class MessagesEvents {
  readonly #how: ReadBack;
  readonly #tell: (event: ChatEvent) => void;
  readonly #filter: AnswerFilter | undefined;
  #block: StreamBlock | undefined;
  #index: unknown;
  #hasCalls = false;
  #hasAnswer = false;
  #usage: Json | undefined;
  #stop: { readonly reason: StopReason; readonly sequence: string | undefined } | undefined;

  constructor(how: ReadBack, tell: (event: ChatEvent) => void) {
    this.#how = how;
    this.#tell = tell;
    this.#filter = how.schemaTool === undefined ? undefined : new AnswerFilter(tell);
  }

  /**
   * @param bytes  complete events, as they came
   * @throws ReplyFault where they are none of this API; nothing more can be read then
   */
  push(bytes: Buffer): void {
    for (const payload of payloads(bytes.toString())) this.#event(parsed(payload));
  }

  #event(event: Json): void {
    switch (event["type"]) {
      case "content_block_delta":
        return this.#delta(event);
      case "content_block_start":
        return this.#start(event);
      case "content_block_stop":
        return this.#end();
      case "message_start":
        this.#usage = mergedUsage(this.#usage, asRecord(event["message"])?.["usage"]);
        return;
      case "message_delta":
        return this.#messageDelta(event);
      case "message_stop":
        return this.#finish();
      default:
    }
  }

  #start(event: Json): void {
    const block = asRecord(event["content_block"]) ?? {};
    this.#end();
    this.#index = event["index"];
    this.#block = new StreamBlock(this.#kindOf(block), (told, of) => this.#say(told, of));
    this.#block.begin(block, this.#how.names);
  }

  #kindOf(block: Json): StreamKind {
    switch (block["type"]) {
      case "text":
        return "text";
      case "thinking":
      case "redacted_thinking":
        return "thought";
      case "tool_use":
        break;
      default:
        return "skipped";
    }
    const { schemaTool } = this.#how;
    if (schemaTool === undefined || block["name"] !== schemaTool) {
      this.#hasCalls = true;
      return "call";
    }
    const isSecond = this.#hasAnswer;
    this.#hasAnswer = true;
    return isSecond ? "skipped" : "answer";
  }

  #delta(event: Json): void {
    const delta = asRecord(event["delta"]);
    if (delta === undefined) return;
    if (this.#block === undefined || event["index"] !== this.#index)
      throw new ReplyFault("the upstream's stream has a piece of a block that is not under way");
    this.#block.delta(delta);
  }

  #end(): void {
    this.#block?.end();
    this.#block = undefined;
  }

  #messageDelta(event: Json): void {
    this.#usage = mergedUsage(this.#usage, event["usage"]);
    const delta = asRecord(event["delta"]);
    const word = delta?.["stop_reason"];
    if (word === undefined || word === null) return;
    this.#end();
    this.#stop = {
      reason: readStopReason(word, this.#hasCalls),
      sequence: asText(delta?.["stop_sequence"]),
    };
  }

  #finish(): void {
    this.#end();
    this.#filter?.flush();
    if (this.#stop === undefined) throw new ReplyFault("the upstream's stream does not say why it ends");
    const { reason, sequence } = this.#stop;
    this.#tell({ type: "stop", reason, ...(sequence !== undefined && { sequence }) });
    const usage = readAnthropicUsage(this.#usage);
    if (usage === undefined || usage === "invalid") return;
    const serviceTier = asText(this.#usage?.["service_tier"]);
    this.#tell({ type: "usage", usage, latencyMs: undefined, serviceTier });
  }

  #say(event: ChatEvent, of: EventOf): void {
    if (this.#filter === undefined) this.#tell(event);
    else this.#filter.tell(event, of);
  }
}

/** The data of each event. https://html.spec.whatwg.org/multipage/server-sent-events.html */
function payloads(text: string): readonly string[] {
  return text.split(/\r?\n\r?\n/).flatMap((event) => {
    const at = event.indexOf("data:");
    if (at === -1) return [];
    // Nearly always an `event:` line and one of data, and nothing after them.
    const isOneLine = (at === 0 || event[at - 1] === "\n") && !event.includes("\n", at);
    return isOneLine ? [event.slice(at + "data:".length)] : manyLines(event);
  });
}

function manyLines(event: string): string[] {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  const payload = lines.map((line) => line.slice("data:".length)).join("\n");
  return payload.trim() === "" ? [] : [payload];
}

function parsed(payload: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    value = undefined;
  }
  const fields = asRecord(value);
  if (fields === undefined) throw new ReplyFault("an event of the upstream's stream is no JSON object");
  return fields;
}
