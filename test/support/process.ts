import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../../src/storage/open.ts";
import { until } from "./gateway.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIN = path.join(ROOT, "bin/switchyard.js");

/** `switchyard up` as a process of its own. */
export interface TestProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly data: string;
  readonly configFile: string | undefined;
  readonly adminToken: string;
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** A new key. */
  key(wish?: object): Promise<string>;
  api(route: string, options?: { method?: string; body?: unknown; token?: string }): Promise<Response>;
  /** @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface ProcessOptions {
  /** The configuration's text; the demo where absent. */
  readonly config?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A data folder to go on with; a fresh one where absent. */
  readonly data?: string;
  /** Whether the fresh folder already has an initialised database, which saves seconds; true where absent. */
  readonly initialised?: boolean;
}

export async function startProcess(options: ProcessOptions = {}): Promise<TestProcess> {
  const data = options.data ?? (await freshData(options.initialised ?? true));
  let configFile: string | undefined;
  if (options.config !== undefined) {
    configFile = path.join(data, "switchyard.yaml");
    await writeFile(configFile, options.config);
  }
  const args = [
    BIN,
    "up",
    "--data",
    data,
    "--port",
    "0",
    ...(configFile === undefined ? [] : ["--config", configFile]),
    ...(options.args ?? []),
  ];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  let asked: NodeJS.Signals | undefined;
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once("exit", (code, signal) => {
      // An end by a signal that nobody sent is a crash; what it said must be seen.
      if (signal !== null && signal !== asked)
        reject(new Error(`switchyard ended by ${signal}:\n${err.slice(-2_000)}`));
      else resolve(code);
    });
  });
  exited.catch(() => {});
  const ready = await waitFor(
    () => /^ready (\S+)$/m.exec(out)?.[1] ?? /"event":"ready","url":"([^"]+)"/.exec(out)?.[1],
    child,
  );
  if (ready === undefined) throw new Error(`switchyard did not start:\n${out}\n${err}`);
  const adminToken = (await readFile(path.join(data, "admin.token"), "utf8")).trim();
  const api: TestProcess["api"] = (route, how = {}) =>
    fetch(`${ready}${route}`, {
      method: how.method ?? "GET",
      headers: { authorization: `Bearer ${how.token ?? adminToken}`, "content-type": "application/json" },
      ...(how.body !== undefined && { body: JSON.stringify(how.body) }),
    });
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> => {
    asked = signal;
    child.kill(signal);
    return exited;
  };
  return {
    url: ready,
    port: Number(new URL(ready).port),
    data,
    configFile,
    adminToken,
    child,
    stdout: () => out,
    stderr: () => err,
    api,
    async key(wish = { tenant: "acme" }) {
      const response = await api("/api/keys", { method: "POST", body: wish });
      const answer = (await response.json()) as { key?: string };
      if (answer.key === undefined) throw new Error(JSON.stringify(answer));
      return answer.key;
    },
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) await stop("SIGKILL");
      if (options.data === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

/** Runs a command of the CLI to its end. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly code: number | null; readonly out: string; readonly err: string } {
  const result = spawnSync(process.execPath, [BIN, ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/** A data folder for one test. The embedded database takes seconds to make, so a template of it is made once. */
export async function freshData(initialised = true): Promise<string> {
  const data = await mkdtemp(path.join(os.tmpdir(), "switchyard-test-"));
  if (initialised) await cp(await template(), data, { recursive: true });
  return data;
}

async function template(): Promise<string> {
  const folder = path.join(ROOT, "src/storage/migrations");
  const hash = createHash("sha256");
  for (const name of (await readdir(folder)).toSorted()) hash.update(readFileSync(path.join(folder, name)));
  hash.update(readFileSync(path.join(ROOT, "node_modules/@electric-sql/pglite/package.json")));
  const place = path.join(ROOT, "node_modules/.cache/switchyard", `data-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(place)) return place;
  await mkdir(path.dirname(place), { recursive: true });
  const made = await mkdtemp(`${place}-`);
  const database = await openDatabase({
    database: "embedded",
    data: made,
    onError: (error) => {
      throw error;
    },
  });
  await database.close();
  await rename(made, place).catch(() => rm(made, { recursive: true, force: true }));
  return place;
}

async function waitFor<Found>(
  look: () => Found | undefined,
  child: ChildProcess,
): Promise<Found | undefined> {
  for (let tries = 0; tries < 6_000; tries++) {
    const found = look();
    if (found !== undefined || child.exitCode !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return undefined;
}

export { until };
