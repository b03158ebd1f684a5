import { legalToolName } from "./legal-name.ts";

/** The names of a request's tools, as Converse takes them. */
export class ToolNames {
  readonly #given = new Map<string, string>();
  readonly #seen = new Set<string>();

  /** Wire name -> client's, where they differ. */
  get changed(): ReadonlyMap<string, string> {
    return this.#given;
  }

  wire(name: string): string {
    const wire = legalToolName(name);
    if (wire !== name) this.#given.set(wire, name);
    this.#seen.add(wire);
    return wire;
  }

  /** A name that no tool of the request has. */
  free(wanted: string): string {
    let name = wanted;
    while (this.#seen.has(name)) name += "_";
    this.#seen.add(name);
    return name;
  }
}
