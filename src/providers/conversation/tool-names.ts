/** The names of a request's tools, as the wire takes them. */
export class ToolNames {
  readonly #given = new Map<string, string>();
  readonly #seen = new Set<string>();
  readonly #legal: (name: string) => string;

  /** @param legal  a name as the wire takes it; the same always for the same */
  constructor(legal: (name: string) => string) {
    this.#legal = legal;
  }

  /** Wire name -> client's, where they differ. */
  get changed(): ReadonlyMap<string, string> {
    return this.#given;
  }

  wire(name: string): string {
    const wire = this.#legal(name);
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
