import type { ChatEvent } from "../../core/chat.ts";
import type { Usage } from "../../core/usage.ts";
import { readUsage } from "../openai-compatible/usage.ts";
import { CallPieces } from "./call-pieces.ts";
import { contentText, fieldsOf, listOf, textOf, type Fields } from "./fields.ts";
import { stopReason } from "./finish.ts";
import { parsedPayload, payloads } from "./payloads.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readThoughts } from "./thoughts.ts";

const DONE = "[DONE]";

/**
 * The events of a streamed reply of an engine that speaks chat completions, in no dialect.
 * https://platform.openai.com/docs/api-reference/chat-streaming
 */
export class OpenAiEvents {
  readonly #tell: (event: ChatEvent) => void;
  readonly #calls: CallPieces;
  #stopped = false;
  /** What the thought under way has said so far. */
  #thought = "";
  /** A usage that came before the end, as of engines that tell it in every chunk. */
  #early: Usage | undefined;
  #serviceTier: string | undefined;

  constructor(tell: (event: ChatEvent) => void) {
    this.#tell = tell;
    this.#calls = new CallPieces(tell);
  }

  /**
   * @param bytes  complete events, as they came
   * @throws ReplyFault where they are none of this API; nothing more can be read then
   */
  push(bytes: Buffer): void {
    for (const payload of payloads(bytes.toString())) {
      if (payload !== DONE) this.#chunk(parsedPayload(payload));
    }
  }

  #chunk(chunk: Fields): void {
    if (fieldsOf(chunk["error"]) !== undefined || textOf(chunk["error"]) !== undefined)
      throw new ReplyFault("the upstream failed in mid-stream");
    this.#serviceTier = textOf(chunk["service_tier"]) ?? this.#serviceTier;
    const choice = listOf(chunk["choices"])
      .map(fieldsOf)
      .find((each) => (each?.["index"] ?? 0) === 0);
    const usage = usageOf(chunk);
    this.#early = usage ?? this.#early;
    if (choice !== undefined && !this.#stopped) this.#choice(choice);
    else if (usage !== undefined && this.#stopped) this.#tellUsage(usage);
  }

  #choice(choice: Fields): void {
    const delta = fieldsOf(choice["delta"]);
    if (delta !== undefined) this.#delta(delta);
    if (textOf(choice["finish_reason"]) === undefined) return;
    this.#stopped = true;
    this.#tell({ type: "stop", reason: stopReason(choice, this.#calls.some) });
    if (this.#early !== undefined) this.#tellUsage(this.#early);
  }

  #tellUsage(usage: Usage): void {
    this.#tell({ type: "usage", usage, latencyMs: undefined, serviceTier: this.#serviceTier });
  }

  #delta(delta: Fields): void {
    this.#reasoning(delta);
    const said = contentText(delta["content"]) + contentText(delta["refusal"]);
    if (said !== "") {
      this.#thought = "";
      this.#calls.close();
      this.#tell({ type: "text", text: said });
    }
    const calls = listOf(delta["tool_calls"]);
    for (const call of calls) this.#calls.add(fieldsOf(call) ?? {});
    const called = fieldsOf(delta["function_call"]);
    if (called !== undefined) this.#calls.add({ index: 0, function: called });
    if (calls.length > 0 || called !== undefined) this.#thought = "";
  }

  /**
   * Signed blocks may stand beside the plain text of the same thought, or repeat it whole at its end, as our own stream
   * does: a text is told once.
   */
  #reasoning(delta: Fields): void {
    const plain = contentText(delta["reasoning_content"]) || contentText(delta["reasoning"]);
    if (plain !== "") this.#think(plain, undefined);
    if (listOf(delta["thinking_blocks"]).length === 0) return;
    for (const block of readThoughts(delta)) {
      if (block.type === "redacted-reasoning") {
        this.#thought = "";
        this.#tell(block);
      } else {
        const isTold = plain !== "" || block.text === this.#thought;
        const text = isTold ? "" : block.text;
        if (text !== "" || block.signature !== undefined) this.#think(text, block.signature);
      }
    }
  }

  #think(text: string, signature: string | undefined): void {
    this.#thought = signature === undefined ? this.#thought + text : "";
    this.#calls.close();
    this.#tell({ type: "reasoning", text, signature });
  }
}

function usageOf(chunk: Fields): Usage | undefined {
  const usage = readUsage(chunk["usage"]);
  return usage === "invalid" ? undefined : usage;
}
