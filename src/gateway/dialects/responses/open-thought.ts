import type { Thought } from "./sealed-thoughts.ts";
import { deltaHead, type EventLines } from "./event-lines.ts";
import { placeText, type ItemPlace, type OpenItem } from "./open-item.ts";
import { emptyThoughtItem, thoughtContent, thoughtItem, type ThoughtForm } from "./output-items.ts";

/** Names of the events about a thought's text, raw and as a summary. */
const RAW = {
  added: "response.content_part.added",
  delta: "response.reasoning_text.delta",
  said: "response.reasoning_text.done",
  done: "response.content_part.done",
  index: '"content_index":0',
};
const SUMMARY: typeof RAW = {
  added: "response.reasoning_summary_part.added",
  delta: "response.reasoning_summary_text.delta",
  said: "response.reasoning_summary_text.done",
  done: "response.reasoning_summary_part.done",
  index: '"summary_index":0',
};

/** A thought under way. Its seal holds all of it, so it comes at its end. */
export class OpenThought implements OpenItem {
  item = "";
  readonly #lines: EventLines;
  readonly #place: ItemPlace;
  readonly #form: ThoughtForm;
  readonly #names: typeof RAW;
  readonly #where: string;
  readonly #head: string;
  /** What nobody may read. */
  readonly #data: string | undefined;
  #text = "";
  #signature: string | undefined;

  /** @param data  of a redacted thought */
  constructor(lines: EventLines, place: ItemPlace, form: ThoughtForm, data?: string) {
    this.#lines = lines;
    this.#place = place;
    this.#form = form;
    this.#data = data;
    this.#names = form.asSummary ? SUMMARY : RAW;
    this.#where = `${placeText(place)},${this.#names.index}`;
    this.#head = deltaHead(this.#names.delta, this.#where);
  }

  begin(): string {
    const { id, index } = this.#place;
    const item = emptyThoughtItem(id, "", this.#form);
    return this.#lines.event("response.output_item.added", `"output_index":${index},"item":${item}`);
  }

  add(text: string, signature: string | undefined): string {
    if (signature !== undefined) this.#signature = signature;
    if (text === "") return "";
    const begun = this.#text === "" ? this.#part(this.#names.added, "") : "";
    this.#text += text;
    return begun + this.#lines.delta(this.#head, text);
  }

  close(): string {
    const text = this.#text;
    const said = this.#lines;
    const ended =
      text === ""
        ? ""
        : said.event(this.#names.said, `${this.#where},"text":${JSON.stringify(text)}`) +
          this.#part(this.#names.done, text);
    this.item = thoughtItem(this.#place.id, this.#thought(), this.#form);
    return (
      ended +
      said.event("response.output_item.done", `"output_index":${this.#place.index},"item":${this.item}`)
    );
  }

  #part(name: string, text: string): string {
    return this.#lines.event(name, `${this.#where},"part":${thoughtContent(text, this.#form)}`);
  }

  #thought(): Thought {
    return this.#data === undefined
      ? { type: "reasoning", text: this.#text, signature: this.#signature }
      : { type: "redacted-reasoning", data: this.#data };
  }
}
