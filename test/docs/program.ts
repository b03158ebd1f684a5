import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { ROOT } from "../support/process.ts";
import type { Language, Part } from "./page.ts";

/** Divides what is printed into parts: no program prints it by itself. */
const SEPARATOR = "\u001e";
const SEPARATE: Readonly<Record<Language, string>> = {
  ts: `process.stdout.write("\\u001e");\n`,
  python: `print("\\x1e", end="", flush=True)\n`,
};

/** A page's code in one language. */
export function programOf(parts: readonly Part[], language: Language): string {
  return parts.map(({ code }) => (code[language] ?? "") + SEPARATE[language]).join("");
}

/** A folder in which programs find this repository's packages, and its own by the name that users import. */
export interface Workshop extends AsyncDisposable {
  readonly folder: string;
  /** Writes a program. @returns its path */
  write(name: string, text: string): Promise<string>;
}

export async function openWorkshop(): Promise<Workshop> {
  const root = await mkdtemp(path.join(os.tmpdir(), "switchyard-docs-"));
  await symlink(path.join(ROOT, "node_modules"), path.join(root, "node_modules"));
  const folder = path.join(root, "programs");
  await linkOwnPackage(path.join(folder, "node_modules/switchyard"));
  return {
    folder,
    async write(name, text) {
      const file = path.join(folder, name);
      await writeFile(file, text);
      return file;
    },
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

/** This package as it will be installed, but for the build: what it exports is read from the sources. */
async function linkOwnPackage(folder: string): Promise<void> {
  const { exports } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, { default: string } | string>;
  };
  const linked: Record<string, string> = {};
  await mkdir(folder, { recursive: true });
  for (const [name, to] of Object.entries(exports)) {
    if (typeof to === "string") continue;
    const source = to.default.replace("./dist/", "./src/").replace(/\.js$/, ".ts");
    const file = `${name.slice("./".length)}.js`;
    const all = `export * from ${JSON.stringify(path.resolve(ROOT, source))};\n`;
    await writeFile(path.join(folder, file), all);
    await writeFile(path.join(folder, file.replace(/\.js$/, ".d.ts")), all);
    linked[name] = `./${file}`;
  }
  await writeFile(
    path.join(folder, "package.json"),
    JSON.stringify({ name: "switchyard", type: "module", exports: linked }),
  );
}

export interface Ran {
  readonly code: number | null;
  /** What was printed, by the parts of the page. */
  readonly printed: readonly string[];
  readonly errors: string;
}

/** Runs a program to its end, or ends it after a minute. */
export async function runProgram(
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const [program, ...args] = command;
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  let out = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return { code, printed: out.split(SEPARATOR), errors };
}
