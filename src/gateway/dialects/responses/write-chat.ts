import type { ChatEvent, ChatReply, StopReason } from "../../../core/chat.ts";
import type { ChatWriter, ReplyFacts } from "../chat-writer.ts";
import { EventLines } from "./event-lines.ts";
import { OpenCall } from "./open-call.ts";
import type { ItemPlace, OpenItem } from "./open-item.ts";
import { OpenMessage } from "./open-message.ts";
import { OpenThought } from "./open-thought.ts";
import type { ItemStatus, ThoughtForm } from "./output-items.ts";
import { asksForSealed, asksForSummary } from "./read-chat.ts";
import { ReplyIds } from "./reply-ids.ts";
import {
  incompleteReason,
  memberOf,
  requestEcho,
  responseBody,
  type ResponseState,
} from "./response-body.ts";

const BEGINNING: ResponseState = {
  status: "in_progress",
  output: [],
  stop: undefined,
  usage: undefined,
  serviceTier: undefined,
};

/**
 * Writes a reply as the Responses API does: a thought, a run of texts and a call are each an item of the output. An item
 * is closed when the next begins or the reply stops: only then is known whether it is complete. The usage comes after the
 * stop, and the last event bears the whole response, so it is the stream's end.
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
export class ResponsesWriter implements ChatWriter {
  readonly #facts: ReplyFacts;
  readonly #ids: ReplyIds;
  readonly #echo: string;
  readonly #form: ThoughtForm;
  readonly #lines = new EventLines();
  /** Items that are closed, as JSON text. */
  readonly #output: string[] = [];
  #begun = false;
  #open: OpenItem | undefined;
  /** Whether the part under way is complete. */
  #isPartOver = false;
  #stop: StopReason = "end";
  #usage: Extract<ChatEvent, { type: "usage" }> | undefined;

  constructor(facts: ReplyFacts, sealKey: Buffer) {
    this.#facts = facts;
    this.#ids = new ReplyIds(facts.exchangeId);
    this.#echo = requestEcho(facts);
    const { request } = facts;
    this.#form = {
      asSummary: asksForSummary(memberOf(request, "reasoning")),
      sealsAll: asksForSealed(memberOf(request, "include")),
      sealKey,
    };
  }

  /** Made of the same items as a stream, whose events nobody sees. */
  whole(reply: ChatReply): Buffer {
    for (const part of reply.parts) {
      if (part.type === "tool-call") {
        this.#call(part.id, part.name);
        this.#input(part.input);
      } else if (part.type === "reasoning") this.#reasoning(part.text, part.signature);
      else if (part.type === "text") this.#text(part.text);
      else this.#redacted(part.data);
      this.#isPartOver = true;
    }
    this.#finish(reply.stop);
    return Buffer.from(this.#response(this.#final(reply)));
  }

  event(event: ChatEvent): Buffer | undefined {
    const begun = this.#begun ? "" : this.#begin();
    const text = begun + this.#events(event);
    return text === "" ? undefined : Buffer.from(text);
  }

  end(): Buffer {
    const begun = this.#begun ? "" : this.#begin();
    const state = this.#final({ usage: this.#usage?.usage, serviceTier: this.#usage?.serviceTier });
    const type = `response.${state.status}`;
    return Buffer.from(begun + this.#lines.event(type, `"response":${this.#response(state)}`));
  }

  #events(event: ChatEvent): string {
    switch (event.type) {
      case "text":
        return this.#text(event.text);
      case "reasoning":
        return this.#reasoning(event.text, event.signature);
      case "redacted-reasoning":
        return this.#redacted(event.data);
      case "tool-call":
        return this.#call(event.id, event.name);
      case "tool-input":
        return this.#input(event.json);
      case "part-end":
        this.#isPartOver = true;
        return "";
      case "stop":
        return this.#finish(event.reason);
      case "usage":
        this.#usage = event;
        return "";
    }
  }

  #begin(): string {
    this.#begun = true;
    const rest = `"response":${this.#response(BEGINNING)}`;
    return this.#lines.event("response.created", rest) + this.#lines.event("response.in_progress", rest);
  }

  /** A text after another is the next part of its message. */
  #text(text: string): string {
    if (text === "") return "";
    const open = this.#open;
    if (open instanceof OpenMessage) {
      const ended = this.#isPartOver ? open.endPart() : "";
      this.#isPartOver = false;
      return ended + open.add(text);
    }
    const closed = this.#close("completed");
    const message = new OpenMessage(this.#lines, this.#place("msg"));
    this.#open = message;
    return closed + message.begin() + message.add(text);
  }

  /** A signature closes its thought. */
  #reasoning(text: string, signature: string | undefined): string {
    if (text === "" && signature === undefined) return "";
    const open = this.#open;
    if (open instanceof OpenThought && !this.#isPartOver) {
      this.#isPartOver = signature !== undefined;
      return open.add(text, signature);
    }
    const closed = this.#close("completed");
    const thought = new OpenThought(this.#lines, this.#place("rs"), this.#form);
    this.#open = thought;
    this.#isPartOver = signature !== undefined;
    return closed + thought.begin() + thought.add(text, signature);
  }

  #redacted(data: string): string {
    const closed = this.#close("completed");
    const thought = new OpenThought(this.#lines, this.#place("rs"), this.#form, data);
    this.#open = thought;
    this.#isPartOver = true;
    return closed + thought.begin();
  }

  #call(id: string, name: string): string {
    const closed = this.#close("completed");
    const call = new OpenCall(this.#lines, this.#place("fc"), { id: this.#ids.call(id), name });
    this.#open = call;
    return closed + call.begin();
  }

  #input(json: string): string {
    const open = this.#open;
    return json !== "" && open instanceof OpenCall ? open.add(json) : "";
  }

  #finish(reason: StopReason): string {
    this.#stop = reason;
    return this.#close(incompleteReason(reason) === undefined ? "completed" : "incomplete");
  }

  #close(status: ItemStatus): string {
    const open = this.#open;
    this.#open = undefined;
    this.#isPartOver = false;
    if (open === undefined) return "";
    const closed = open.close(status);
    this.#output.push(open.item);
    return closed;
  }

  #place(kind: string): ItemPlace {
    const index = this.#output.length;
    return { id: this.#ids.item(kind, index), index };
  }

  #final({ usage, serviceTier }: Pick<ChatReply, "usage" | "serviceTier">): ResponseState {
    const status = incompleteReason(this.#stop) === undefined ? "completed" : "incomplete";
    return { status, output: this.#output, stop: this.#stop, usage, serviceTier };
  }

  #response(state: ResponseState): string {
    return responseBody(this.#ids.response, this.#facts, this.#echo, state);
  }
}
