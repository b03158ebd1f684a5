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

  legal(given: string | undefined): string {
    const name = cleaned(given ?? "");
    const base = name === "" ? `Document ${this.#used.size + 1}` : name;
    let unique = base;
    for (let nth = 2; this.#used.has(unique.toLowerCase()); nth++) unique = `${base.slice(0, ROOM)} (${nth})`;
    this.#used.add(unique.toLowerCase());
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
