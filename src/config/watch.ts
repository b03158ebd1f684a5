import { watch, type FSWatcher } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import path from "node:path";

const SETTLE_MS = 100;
/** Some file systems (network, some container mounts) tell nothing; there the clock does. */
const POLL_MS = 5_000;

/**
 * Tells when a file may have changed, however that happens: written in place, replaced by a rename, or reached through
 * symlinks of which one was turned (Kubernetes mounts a ConfigMap so). It watches folders, because a watch on the file
 * itself stays with the old one.
 */
export class FileWatch {
  readonly #file: string;
  readonly #onChange: () => void;
  #watchers: FSWatcher[] = [];
  #settle: NodeJS.Timeout | undefined;
  readonly #poll: NodeJS.Timeout;
  #seen = "";
  #closed = false;

  /** @param onChange  called also once at the beginning: the file may have changed since it was loaded */
  constructor(file: string, onChange: () => void) {
    this.#file = path.resolve(file);
    this.#onChange = onChange;
    this.#poll = setInterval(() => void this.#look(), POLL_MS);
    this.#poll.unref();
    void this.#look().then(() => this.#rewatch());
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#settle);
    for (const watcher of this.#watchers) watcher.close();
  }

  async #rewatch(): Promise<void> {
    const target = await realpath(this.#file).catch(() => this.#file);
    if (this.#closed) return;
    for (const watcher of this.#watchers) watcher.close();
    const folders = new Set([path.dirname(this.#file), path.dirname(target)]);
    this.#watchers = [...folders].flatMap((folder) => {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#touched());
        watcher.on("error", () => watcher.close());
        return [watcher];
      } catch {
        return [];
      }
    });
  }

  /** Editors write in several steps; look when they are done. */
  #touched(): void {
    clearTimeout(this.#settle);
    if (this.#closed) return;
    this.#settle = setTimeout(() => void this.#look().then(() => this.#rewatch()), SETTLE_MS);
  }

  async #look(): Promise<void> {
    const info = await stat(this.#file).catch(() => undefined);
    // Nothing in it: whoever writes it has only just begun, and an empty configuration would shut everybody out.
    if (info === undefined || info.size === 0 || this.#closed) return;
    const found = `${info.dev}:${info.ino}:${info.size}:${info.mtimeMs}`;
    if (found === this.#seen) return;
    const ageMs = Date.now() - info.mtimeMs;
    if (ageMs >= 0 && ageMs < SETTLE_MS) return this.#touched();
    this.#seen = found;
    this.#onChange();
  }
}
