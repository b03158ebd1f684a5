/** What our side sends upstream and no client may ever read, even where the upstream repeats it. */
export class Secrets {
  readonly #values: readonly string[];

  /** @param values  credentials; absent ones are passed over */
  constructor(...values: readonly (string | undefined)[]) {
    this.#values = values.flatMap((value) => (value === undefined || value === "" ? [] : [value]));
  }

  appearIn(text: string): boolean {
    return this.#values.some((value) => text.includes(value));
  }

  /** The same for JSON text, where characters may be spelt as escapes. Text that is no JSON is looked at as it is. */
  appearInJson(text: string): boolean {
    if (this.appearIn(text)) return true;
    try {
      const plain = JSON.stringify(JSON.parse(text));
      return this.#values.some((value) => plain.includes(JSON.stringify(value).slice(1, -1)));
    } catch {
      return false;
    }
  }
}
