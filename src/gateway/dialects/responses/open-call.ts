import { isObjectText } from "../json-text.ts";
import { deltaHead, type EventLines } from "./event-lines.ts";
import { placeText, type ItemPlace, type OpenItem } from "./open-item.ts";
import { callItem, type ItemStatus } from "./output-items.ts";

/** A call under way. One without arguments has an empty object. */
export class OpenCall implements OpenItem {
  item = "";
  readonly #lines: EventLines;
  readonly #place: ItemPlace;
  readonly #call: { readonly id: string; readonly name: string };
  readonly #head: string;
  #input = "";

  /** @param call  its id as the client knows it */
  constructor(lines: EventLines, place: ItemPlace, call: { readonly id: string; readonly name: string }) {
    this.#lines = lines;
    this.#place = place;
    this.#call = call;
    this.#head = deltaHead("response.function_call_arguments.delta", placeText(place));
  }

  begin(): string {
    const item = callItem(this.#place.id, "in_progress", { ...this.#call, input: "" });
    return this.#lines.event(
      "response.output_item.added",
      `"output_index":${this.#place.index},"item":${item}`,
    );
  }

  add(json: string): string {
    this.#input += json;
    return this.#lines.delta(this.#head, json);
  }

  /** Where the reply was cut off, a call whose arguments are whole was not. */
  close(wanted: ItemStatus): string {
    const status = wanted === "completed" || isObjectText(this.#input) ? "completed" : wanted;
    const added = this.#input === "" && status === "completed" ? this.add("{}") : "";
    const { id, index } = this.#place;
    this.item = callItem(id, status, { ...this.#call, input: this.#input });
    const name = JSON.stringify(this.#call.name);
    const input = JSON.stringify(this.#input);
    return (
      added +
      this.#lines.event(
        "response.function_call_arguments.done",
        `${placeText(this.#place)},"name":${name},"arguments":${input}`,
      ) +
      this.#lines.event("response.output_item.done", `"output_index":${index},"item":${this.item}`)
    );
  }
}
