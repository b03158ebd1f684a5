import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

export interface EmbeddedServer {
  /** The folder of the Unix socket, as `pg` wants its `host`. */
  readonly socketFolder: string;
  readonly port: number;
  stop(): Promise<void>;
}

const PORT = 5432;
/** Background compilation ends a few seconds after the start. */
const REST_MS = 3_000;

/**
 * Starts PGlite in a worker thread behind a Unix socket that speaks PostgreSQL's protocol. The thread is what keeps a
 * long query from freezing every stream; the socket is what lets the same driver serve both databases.
 *
 * @param folder  the database's folder; made on first start, which takes seconds
 */
export async function startEmbedded(
  folder: string,
  onError: (error: Error) => void,
): Promise<EmbeddedServer> {
  await createMissing(folder);
  // In the temporary folder, because a socket's path may have 107 bytes at most and data folders lie deep.
  const socketFolder = await mkdtemp(path.join(os.tmpdir(), "switchyard-"));
  const socketPath = path.join(socketFolder, `.s.PGSQL.${PORT}`);
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./embedded-worker.${extension}`, import.meta.url), {
    workerData: { folder, socketPath } satisfies EmbeddedWorkerData,
    // Buffers of messages die young; a large nursery would only keep the dead.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  const stop = async (): Promise<void> => {
    const stopped = new Promise((resolve) => worker.once("message", resolve));
    worker.postMessage("stop");
    await stopped;
    // Taking a thread down while WebAssembly is still being compiled in the background can abort the whole process
    // (nodejs/node#64500), so it is left to come to rest; it does not keep the process alive.
    worker.unref();
    setTimeout(() => void worker.terminate(), REST_MS).unref();
    await rm(socketFolder, { recursive: true, force: true });
  };
  const started = new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`it ended with ${code} while it started`)));
  });
  try {
    await started;
  } catch (error) {
    await worker.terminate();
    await rm(socketFolder, { recursive: true, force: true });
    throw new Error(`the embedded database in ${folder} cannot be opened: ${reasonOf(error)}`, {
      cause: error,
    });
  }
  worker.on("error", onError);
  return { socketFolder, port: PORT, stop };
}

/** Makes the database where there is none, under another name until it is whole. */
async function createMissing(folder: string): Promise<void> {
  // What is there and is no database is nothing that may be written over; opening it says what is wrong.
  if (existsSync(folder) && (await readdir(folder).catch(() => ["?"])).length > 0) return;
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const script = fileURLToPath(new URL(`./embedded-create.${extension}`, import.meta.url));
  await mkdir(path.dirname(folder), { recursive: true });
  const child = spawn(process.execPath, [script, unfinished], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0)
    throw new Error(
      `the embedded database in ${folder} cannot be made: ${said.trim().split("\n").at(-1) ?? ""}`,
    );
  await rename(unfinished, folder);
}

/** PGlite's file system fails with objects that have a number and no words. */
function reasonOf(error: unknown): string {
  const { message, name, errno } = error as { message?: string; name?: string; errno?: number };
  return message !== undefined && message !== "" ? message : `${name ?? "error"} ${errno ?? ""}`.trim();
}

export interface EmbeddedWorkerData {
  readonly folder: string;
  readonly socketPath: string;
}
