import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { installFromDebian } from "./debian.ts";

/** A Python that has what a test needs, or one line that says what this machine lacks. */
export type Prepared = { readonly python: string } | { readonly missing: string };

export interface PythonWish {
  /** A requirements file in which every line is pinned: `name[extra]==1.2.3`. */
  readonly requirements: string;
  /** The virtual environment's folder; it is made whole or not at all, and kept. */
  readonly place: string;
  /** Modules that must load. */
  readonly modules: readonly string[];
  /** Looked at before anything is installed; what it returns is missing. */
  readonly alsoNeeded?: () => Promise<string | undefined>;
  /** Told what goes on, where it takes long. */
  readonly onProgress?: (line: string) => void;
}

interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a command to its end; a command that is not there ends with code null. */
export async function run(command: string, args: readonly string[]): Promise<Finished> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  const code = await new Promise<number | null>((resolve) => {
    child.once("error", () => resolve(null));
    child.once("close", resolve);
  });
  return { code, out, err };
}

/** The virtual environment with the wanted packages, from an earlier run or made now. */
export async function preparePython(wish: PythonWish): Promise<Prepared> {
  const text = await readFile(wish.requirements, "utf8");
  const pins = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const ready = { python: pythonIn(wish.place) };
  if (await fits(ready.python, pins, wish.modules)) return ready;
  await mkdir(path.dirname(wish.place), { recursive: true });
  await using _lock = await lock(`${wish.place}.lock`, wish.onProgress);
  // Whoever had the lock may have made it.
  if (await fits(ready.python, pins, wish.modules)) return ready;
  if ((await run("python3", ["--version"])).code !== 0) return { missing: "there is no python3" };
  const lacking = await wish.alsoNeeded?.();
  if (lacking !== undefined) return { missing: lacking };
  const fresh = await freshFolder(wish.place);
  const missing = (await makeEnvironment(fresh)) ?? (await install(fresh, pins, wish));
  if (missing !== undefined) {
    await rm(fresh, { recursive: true, force: true });
    return { missing };
  }
  await rm(wish.place, { recursive: true, force: true });
  await rename(fresh, wish.place);
  return ready;
}

/** A folder beside the place, which only the holder of the lock makes; what killed processes left is cleared away. */
async function freshFolder(place: string): Promise<string> {
  const prefix = `${place}.making-`;
  for (const name of await readdir(path.dirname(place))) {
    const left = path.join(path.dirname(place), name);
    if (left.startsWith(prefix)) await rm(left, { recursive: true, force: true });
  }
  return mkdtemp(prefix);
}

function pythonIn(folder: string): string {
  return path.join(folder, "bin/python");
}

const FITS = `
import importlib, importlib.metadata, sys
modules, pins = sys.argv[1].split(","), sys.argv[2:]
for pin in pins:
    name, version = pin.split("==")
    assert importlib.metadata.version(name.split("[")[0]) == version
for module in modules:
    importlib.import_module(module)
`;

async function fits(python: string, pins: readonly string[], modules: readonly string[]): Promise<boolean> {
  return (
    existsSync(python) && (await run(python, ["-c", FITS, modules.join(","), ...pins.map(trim)])).code === 0
  );
}

function trim(pin: string): string {
  return pin.trim();
}

async function makeEnvironment(folder: string): Promise<string | undefined> {
  const make = async (): Promise<boolean> =>
    (await run("python3", ["-m", "venv", "--clear", folder])).code === 0;
  if (await make()) return undefined;
  // Debian has the module in a package of its own; in a container we may simply add it.
  if (installFromDebian("python3-venv") && (await make())) return undefined;
  return "python3 cannot make virtual environments; on Debian that is the package python3-venv";
}

async function install(
  folder: string,
  pins: readonly string[],
  wish: PythonWish,
): Promise<string | undefined> {
  const names = pins.join(" and ");
  wish.onProgress?.(`installing ${names}`);
  let seconds = 0;
  const ticker = setInterval(() => wish.onProgress?.(`still installing, ${(seconds += 30)} s`), 30_000);
  const options = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "2"];
  const from = ["--requirement", wish.requirements];
  const pip = await run(pythonIn(folder), ["-m", "pip", "install", ...options, ...from]);
  clearInterval(ticker);
  if (pip.code === 0) return undefined;
  const errors = pip.err.split("\n").filter((line) => line.startsWith("ERROR: "));
  const reason = errors.at(-1)?.slice("ERROR: ".length) ?? "it gave no reason";
  return `pip could not install ${names}; does it reach its registry? It says: ${reason}`;
}

/** Holds a file that only one process can make, with its id in it; one that is left from a dead process is taken over. */
async function lock(file: string, onProgress: PythonWish["onProgress"]): Promise<AsyncDisposable> {
  for (let tries = 0; ; tries++) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const holder = Number(await readFile(file, "utf8").catch(() => ""));
    if (holder > 0 && !isAlive(holder)) {
      await rm(file, { force: true });
      continue;
    }
    if (tries % 60 === 0) onProgress?.(`waiting for process ${holder}, which makes the same environment`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
