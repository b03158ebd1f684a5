import type { Provider } from "./provider.ts";
import { createProvider, type ProviderSettings } from "./registry.ts";

/** Adapters across reloads: what did not change keeps its connections, what went is closed when nobody uses it. */
export class ProviderSet {
  readonly #adapters = new Map<string, { readonly fingerprint: string; readonly adapter: Provider }>();

  /** An adapter for each of the settings; nothing that was there before is touched. */
  prepare(settings: ReadonlyMap<string, ProviderSettings>): Map<string, Provider> {
    const prepared = new Map<string, Provider>();
    for (const [id, wanted] of settings) {
      const present = this.#adapters.get(id);
      const isSame = present !== undefined && present.fingerprint === JSON.stringify(wanted);
      prepared.set(id, isSame ? present.adapter : createProvider(id, wanted));
    }
    return prepared;
  }

  /** Makes prepared adapters the current ones. */
  commit(settings: ReadonlyMap<string, ProviderSettings>, prepared: ReadonlyMap<string, Provider>): void {
    this.#adapters.clear();
    for (const [id, adapter] of prepared) {
      this.#adapters.set(id, { fingerprint: JSON.stringify(settings.get(id)), adapter });
    }
  }
}
