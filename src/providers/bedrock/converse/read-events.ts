import type { ChatEvent } from "../../../core/chat.ts";
import type { ReportedUsage } from "../../../core/usage.ts";
import { AnswerFilter, type EventOf } from "../../conversation/answer-filter.ts";
import { readCircumstances } from "./reply/circumstances.ts";
import { asRecord, asText, type Json } from "../../json-value.ts";
import { OrderedBlocks } from "./reply/ordered-blocks.ts";
import { ReplyFault } from "../../reply-fault.ts";
import { readStopReason } from "./reply/stop-reason.ts";
import { StreamBlock, type StreamKind } from "./reply/stream-block.ts";
import { readConverseUsage } from "./usage.ts";
import type { ReadBack } from "../../conversation/read-back.ts";

/**
 * The events of ConverseStream, in no dialect. A stream is complete only when it has said why it stopped and what it used;
 * that both came, the caller sees to.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
 */
export class ConverseEvents {
  readonly #how: ReadBack;
  readonly #tell: (event: ChatEvent) => void;
  readonly #filter: AnswerFilter | undefined;
  readonly #ordered: OrderedBlocks;
  readonly #blocks = new Map<number, StreamBlock>();
  #hasCalls = false;
  #hasAnswer = false;
  #stopped = false;
  #usage: ReportedUsage | undefined;

  constructor(how: ReadBack, tell: (event: ChatEvent) => void) {
    this.#how = how;
    this.#tell = tell;
    this.#filter = how.schemaTool === undefined ? undefined : new AnswerFilter(tell);
    this.#ordered = new OrderedBlocks(this.#filter?.tell ?? tell);
  }

  /** Whether `messageStop` has come. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** As `metadata` says; undefined before it. */
  get usage(): ReportedUsage | undefined {
    return this.#usage;
  }

  /**
   * Reads one event; what it does not know it passes over.
   *
   * @param type  the event's `:event-type`
   * @throws ReplyFault
   */
  read(type: string, payload: Buffer): void {
    if (this.#stopped && type.startsWith("contentBlock"))
      throw new ReplyFault("the upstream's stream went on after its messageStop");
    switch (type) {
      case "contentBlockDelta":
        return this.#delta(parse(payload));
      case "contentBlockStart":
        return this.#start(parse(payload));
      case "contentBlockStop":
        return this.#end(indexOf(parse(payload)));
      case "messageStop":
        return this.#stop(parse(payload));
      case "metadata":
        return this.#metadata(parse(payload));
      default:
    }
  }

  #delta(event: Json): void {
    const delta = asRecord(event["delta"]);
    if (delta === undefined) return;
    const index = indexOf(event);
    const block = this.#blocks.get(index) ?? this.#begin(index, "open");
    block.delta(delta);
  }

  #start(event: Json): void {
    const start = asRecord(event["start"]);
    const call = asRecord(start?.["toolUse"]);
    const index = indexOf(event);
    if (call === undefined || call["type"] === "server_tool_use") {
      this.#begin(index, "skipped");
      return;
    }
    const name = asText(call["name"]);
    const id = asText(call["toolUseId"]);
    if (name === undefined || id === undefined) throw new ReplyFault("a tool call has no name or no id");
    if (name === this.#how.schemaTool) {
      this.#begin(index, this.#hasAnswer ? "skipped" : "answer");
      this.#hasAnswer = true;
    } else {
      this.#hasCalls = true;
      this.#begin(index, "call").beginCall(id, this.#how.names.get(name) ?? name);
    }
  }

  #begin(index: number, kind: StreamKind): StreamBlock {
    const tell = (event: ChatEvent, of: EventOf): void => this.#ordered.tell(index, event, of);
    this.#end(index);
    if (kind !== "skipped") this.#ordered.begin(index);
    const block = new StreamBlock(kind, tell);
    this.#blocks.set(index, block);
    return block;
  }

  #end(index: number): void {
    const block = this.#blocks.get(index);
    if (block === undefined) return;
    this.#blocks.delete(index);
    block.end();
    this.#ordered.close(index);
  }

  #stop(event: Json): void {
    if (this.#stopped) return;
    for (const index of this.#blocks.keys()) this.#end(index);
    const reason = readStopReason(event["stopReason"], this.#hasCalls);
    this.#filter?.flush();
    this.#stopped = true;
    this.#tell({ type: "stop", reason });
  }

  #metadata(event: Json): void {
    this.#usage = readConverseUsage(event["usage"]);
    if (this.#usage !== undefined && this.#usage !== "invalid")
      this.#tell({ type: "usage", usage: this.#usage, ...readCircumstances(event) });
  }
}

/** Numbers of blocks tell them apart, and nothing else. */
function indexOf(event: Json): number {
  const index = event["contentBlockIndex"];
  return typeof index === "number" ? index : 0;
}

function parse(payload: Buffer): Json {
  try {
    return asRecord(JSON.parse(payload.toString())) ?? {};
  } catch {
    throw new ReplyFault("an event of the stream is no JSON");
  }
}
