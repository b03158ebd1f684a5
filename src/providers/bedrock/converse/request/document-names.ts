const LONGEST = 200;
/** Room for ` (99)`. */
const ROOM = 190;
const ENDING = /\.[a-zA-Z0-9]{1,5}$/;

/**
 * Names of documents, unique in a request. "The document file name can only contain alphanumeric characters, whitespace
 * characters, hyphens, parentheses, and square brackets. The name can't contain more than one consecutive whitespace
 * character"; letters beyond ASCII, U+3000 and tabs were refused, and so were two documents of one name.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html
 */
export class DocumentNames {
  readonly #used = new Set<string>();
  /** How often a name was numbered: looking from 2 each time takes the square of many. */
  readonly #numbered = new Map<string, number>();

  legal(given: string | undefined): string {
    const name = cleaned(given ?? "");
    const base = name === "" ? `Document ${this.#used.size + 1}` : name;
    const unique = this.#used.has(base.toLowerCase()) ? this.#numberedName(base.slice(0, ROOM)) : base;
    this.#used.add(unique.toLowerCase());
    return unique;
  }

  #numberedName(start: string): string {
    const key = start.toLowerCase();
    let nth = this.#numbered.get(key) ?? 1;
    let unique = start;
    do unique = `${start} (${++nth})`;
    while (this.#used.has(unique.toLowerCase()));
    this.#numbered.set(key, nth);
    return unique;
  }
}

function cleaned(given: string): string {
  return given
    .replace(ENDING, "")
    .replace(/[^a-zA-Z0-9 ()[\]-]+/g, " ")
    .replace(/ {2,}/g, " ")
    .trim()
    .slice(0, LONGEST)
    .trimEnd();
}
