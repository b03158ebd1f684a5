/**
 * The JSON text of values that go on as text: a parsed number has lost the digits beyond 2^53, and a parsed object the
 * order of members whose names are numbers. core/json-scan.ts finds the members of one object in bytes; here lists lie
 * between, and the text is there already, so it is walked as text.
 */

/** Which values are kept: by member name, or `*` for the elements of a list. */
export interface Wanted {
  readonly [name: string]: Wanted | typeof KEEP;
}
export const KEEP = "keep";

const WANTED: Wanted = {
  messages: {
    "*": {
      content: {
        "*": { toolUse: { input: KEEP }, toolResult: { content: { "*": { json: KEEP } } } },
      },
    },
  },
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/**
 * The texts of tools' inputs and JSON results in a Converse body, by their places: `messages.1.content.0.toolUse.input`.
 * A name that stands twice means its last, as it does for JSON.parse.
 *
 * @param text  valid JSON, an object
 */
export function rawToolValues(text: string): ReadonlyMap<string, string> {
  return rawValues(text, WANTED);
}

/**
 * The same for other bodies.
 *
 * @param wanted  all in one member of the body
 */
export function rawValues(text: string, wanted: Wanted): ReadonlyMap<string, string> {
  const walk = new Walk(text);
  walk.value(walk.space(0), wanted, "");
  return walk.found;
}

class Walk {
  readonly found = new Map<string, string>();
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns where the value that begins at `at` ends */
  value(at: number, wanted: Wanted | typeof KEEP | undefined, place: string): number {
    const first = this.#text.charCodeAt(at);
    if (wanted === KEEP) {
      const end = this.#end(at);
      this.found.set(place, this.#text.slice(at, end));
      return end;
    }
    if (wanted !== undefined && first === OPEN_OBJECT) return this.#object(at, wanted, place);
    if (wanted !== undefined && first === OPEN_ARRAY) return this.#array(at, wanted["*"], place);
    return this.#end(at);
  }

  #object(start: number, wanted: Wanted, place: string): number {
    let at = this.space(start + 1);
    while (this.#text.charCodeAt(at) === QUOTE) {
      const end = this.#string(at);
      const name = this.#name(at, end);
      // After the name a colon, with or without spaces around it.
      at = this.space(this.space(end) + 1);
      const inner = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
      if (inner === undefined) at = this.#end(at);
      else {
        at = this.value(at, inner, place === "" ? name : `${place}.${name}`);
        // All that is wanted stands in one member of the body.
        if (place === "") return at;
      }
      at = this.space(at);
      if (this.#text.charCodeAt(at) === COMMA) at = this.space(at + 1);
    }
    return at + 1;
  }

  #array(start: number, wanted: Wanted | typeof KEEP | undefined, place: string): number {
    let at = this.space(start + 1);
    for (let index = 0; this.#text.charCodeAt(at) !== CLOSE_ARRAY; index++) {
      at = this.space(this.value(at, wanted, `${place}.${index}`));
      if (this.#text.charCodeAt(at) === COMMA) at = this.space(at + 1);
    }
    return at + 1;
  }

  #name(start: number, end: number): string {
    const name = this.#text.slice(start + 1, end - 1);
    return name.includes("\\") ? (JSON.parse(`"${name}"`) as string) : name;
  }

  /** Where a value ends whose inside is of no interest. */
  #end(start: number): number {
    const text = this.#text;
    const first = text.charCodeAt(start);
    if (first === QUOTE) return this.#string(start);
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return this.#scalar(start);
    let depth = 0;
    for (let at = start; ;) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) at = this.#string(at);
      else {
        at++;
        if (unit === OPEN_OBJECT || unit === OPEN_ARRAY) depth++;
        else if ((unit === CLOSE_OBJECT || unit === CLOSE_ARRAY) && --depth === 0) return at;
      }
    }
  }

  #scalar(start: number): number {
    let at = start;
    // Digits, signs and letters all stand above the comma, but for a plus in an exponent.
    for (let unit = this.#text.charCodeAt(at); isScalar(unit); unit = this.#text.charCodeAt(at)) at++;
    return at;
  }

  #string(start: number): number {
    const text = this.#text;
    for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
      let before = quote;
      while (text.charCodeAt(before - 1) === BACKSLASH) before--;
      if ((quote - before) % 2 === 0) return quote + 1;
    }
  }

  space(start: number): number {
    let at = start;
    for (let unit = this.#text.charCodeAt(at); unit <= 0x20; unit = this.#text.charCodeAt(at)) at++;
    return at;
  }
}

function isScalar(unit: number): boolean {
  return unit > 0x20 && unit !== COMMA && unit !== CLOSE_OBJECT && unit !== CLOSE_ARRAY;
}
