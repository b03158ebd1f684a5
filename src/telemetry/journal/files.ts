import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/** The journal's folder, as far as the journal needs it; tests put faults in between. */
export interface JournalFiles {
  /** Names of the files in it. */
  list(): string[];
  size(name: string): number;
  /** Opens a file for appending, and makes it. */
  create(name: string): number;
  /** @returns how many bytes were taken, which may be fewer; @throws with a `code` such as ENOSPC */
  write(file: number, bytes: Uint8Array, length: number): number;
  /** Makes what was written survive the host's crash. */
  sync(file: number, done: (error: Error | null) => void): void;
  /** Cuts a file back to its first bytes. */
  cut(file: number, length: number): void;
  close(file: number): void;
  remove(name: string): void;
  rename(from: string, to: string): void;
  /** @returns the bytes that are there, at most `length`; they hold until the next reading */
  read(name: string, offset: number, length: number): Promise<Buffer>;
  /** Lets go of what was kept open for reading. */
  letGo?(): void;
  /** Makes new names survive the host's crash. */
  syncFolder(): void;
}

const readFile = promisify(fs.read);

/** The folder on disk; it is made where it is missing. */
export function diskFiles(folder: string): JournalFiles {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = (name: string): string => path.join(folder, name);
  // Segments are read piece by piece and one after the other.
  let buffer = Buffer.alloc(0);
  let reading: { readonly name: string; readonly file: number } | undefined;
  return {
    list: () => fs.readdirSync(folder),
    size: (name) => fs.statSync(at(name)).size,
    create: (name) => fs.openSync(at(name), "a", 0o600),
    write: (file, bytes, length) => fs.writeSync(file, bytes, 0, length),
    sync: (file, done) => fs.fdatasync(file, done),
    cut: (file, length) => fs.ftruncateSync(file, length),
    close: (file) => fs.closeSync(file),
    remove(name) {
      if (reading?.name === name) {
        fs.closeSync(reading.file);
        reading = undefined;
      }
      fs.rmSync(at(name), { force: true });
    },
    rename: (from, to) => fs.renameSync(at(from), at(to)),
    async read(name, offset, length) {
      if (reading?.name !== name) {
        if (reading !== undefined) fs.closeSync(reading.file);
        reading = undefined;
        reading = { name, file: fs.openSync(at(name), "r") };
      }
      if (buffer.length < length) buffer = Buffer.allocUnsafeSlow(length);
      const { bytesRead } = await readFile(reading.file, buffer, 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    letGo() {
      if (reading !== undefined) fs.closeSync(reading.file);
      reading = undefined;
    },
    syncFolder() {
      fs.open(folder, "r", (_error, file) => {
        if (file !== undefined) fs.fsync(file, () => fs.close(file));
      });
    },
  };
}
