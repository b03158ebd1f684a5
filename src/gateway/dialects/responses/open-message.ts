import { deltaHead, type EventLines } from "./event-lines.ts";
import { placeText, type ItemPlace, type OpenItem } from "./open-item.ts";
import { messageItem, textContent, type ItemStatus } from "./output-items.ts";

/** A message under way: texts that follow each other are its parts. */
export class OpenMessage implements OpenItem {
  item = "";
  readonly #lines: EventLines;
  readonly #place: ItemPlace;
  readonly #content: string[] = [];
  /** Of the part under way; undefined where there is none. */
  #text: string | undefined;
  #head = "";

  constructor(lines: EventLines, place: ItemPlace) {
    this.#lines = lines;
    this.#place = place;
  }

  begin(): string {
    const { id, index } = this.#place;
    const item = messageItem(id, "in_progress", []);
    return this.#lines.event("response.output_item.added", `"output_index":${index},"item":${item}`);
  }

  add(text: string): string {
    const begun = this.#text === undefined ? this.#beginPart() : "";
    this.#text += text;
    return begun + this.#lines.delta(this.#head, text);
  }

  endPart(): string {
    const text = this.#text;
    if (text === undefined) return "";
    this.#text = undefined;
    const part = textContent(text);
    const where = this.#where();
    this.#content.push(part);
    return (
      this.#lines.event(
        "response.output_text.done",
        `${where},"text":${JSON.stringify(text)},"logprobs":[]`,
      ) + this.#lines.event("response.content_part.done", `${where},"part":${part}`)
    );
  }

  close(status: ItemStatus): string {
    const ended = this.endPart();
    this.item = messageItem(this.#place.id, status, this.#content);
    const done = `"output_index":${this.#place.index},"item":${this.item}`;
    return ended + this.#lines.event("response.output_item.done", done);
  }

  #beginPart(): string {
    this.#text = "";
    const where = this.#where();
    this.#head = deltaHead("response.output_text.delta", `${where},"logprobs":[]`);
    return this.#lines.event("response.content_part.added", `${where},"part":${textContent("")}`);
  }

  #where(): string {
    return `${placeText(this.#place)},"content_index":${this.#content.length}`;
  }
}
