/** Writes the events of one stream, each with its number. https://platform.openai.com/docs/api-reference/responses-streaming */
export class EventLines {
  #number = 0;

  /** @param rest  members of the event but for its type and number, as JSON text that begins with no comma */
  event(type: string, rest: string): string {
    return `event: ${type}\ndata: {"type":"${type}","sequence_number":${this.#number++},${rest}}\n\n`;
  }

  /**
   * The same for the event that comes most, for which all that stays the same is put together before.
   *
   * @param head  what `deltaHead` made
   */
  delta(head: string, delta: string): string {
    return `${head}${this.#number++},"delta":${JSON.stringify(delta)}}\n\n`;
  }
}

/** @param rest  members that are the same in every delta of a part, as JSON text */
export function deltaHead(type: string, rest: string): string {
  return `event: ${type}\ndata: {"type":"${type}",${rest},"sequence_number":`;
}
