import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { mkdir, open, readFile, realpath, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";

/** Who holds a data folder. */
interface Holder {
  readonly host: string;
  /** Changes with every start of the host, so that what was written before it is known to be stale. */
  readonly boot: string;
  readonly pid: number;
  readonly startedAt: string;
}

export interface DataGuard {
  release(): Promise<void>;
}

const HEARTBEAT_MS = 5_000;
/** A holder on another host that has not touched its file for so long is gone. */
const STALE_MS = 30_000;
/** Longer than two starters can be apart between finding the guard stale and taking it. */
const RACE_MS = 100;
const MAX_FOLDER_PATH = 80;

/**
 * Takes a data folder for this process alone. A held Unix socket tells a living holder from a dead one (a process id
 * does not: in containers every process is number 1); the file beside it says who it is, and its modification time
 * tells for holders on other hosts, whose sockets cannot be reached.
 *
 * @throws Error that says who holds the folder
 */
export async function guardData(data: string): Promise<DataGuard> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const file = path.join(data, "guard.json");
  const folder = await socketFolder(data);
  try {
    const socketPath = path.join(folder.path, "guard.sock");
    await refuseIfHeld(data, file, socketPath);
    const server = await holdSocket(data, folder.path, socketPath);
    const heartbeat = await writeHolder(file);
    return {
      async release() {
        clearInterval(heartbeat);
        await rm(file, { force: true });
        await rm(socketPath, { force: true });
        await new Promise<void>((resolve) => server.close(() => resolve()));
        await folder.close();
      },
    };
  } catch (error) {
    await folder.close();
    throw error;
  }
}

/** Listens under the guard's name. Of two that find it free together, the one whose socket stands there last has it. */
async function holdSocket(data: string, folder: string, socketPath: string): Promise<net.Server> {
  const nonce = randomUUID();
  // Under a name of its own first: closing a server removes the name that it listened on, and after a lost race that
  // must not be the winner's.
  const ownPath = path.join(folder, `guard.${nonce.slice(0, 8)}.sock`);
  const server = net.createServer((socket) => socket.on("error", () => {}).end(nonce));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(ownPath, resolve);
  });
  server.unref();
  await rename(ownPath, socketPath);
  await new Promise((resolve) => setTimeout(resolve, RACE_MS));
  if ((await ask(socketPath)) === nonce) return server;
  server.close();
  throw new Error(
    `${data} was just taken by another Switchyard; stop one of them or give this one its own --data`,
  );
}

/** @returns the timer that keeps the file fresh */
async function writeHolder(file: string): Promise<NodeJS.Timeout> {
  const holder: Holder = {
    host: os.hostname(),
    boot: await bootId(),
    pid: process.pid,
    startedAt: new Date().toISOString(),
  };
  await writeFile(file, JSON.stringify(holder), { mode: 0o600 });
  const heartbeat = setInterval(() => {
    const now = new Date();
    void utimes(file, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  return heartbeat.unref();
}

/** Whether a living process holds a data folder. */
export async function isHeld(data: string): Promise<boolean> {
  const folder = await socketFolder(data).catch(() => undefined);
  if (folder === undefined) return false;
  const answer = await ask(path.join(folder.path, "guard.sock"));
  await folder.close();
  return answer !== undefined;
}

async function refuseIfHeld(data: string, file: string, socketPath: string): Promise<void> {
  const holder = await readHolder(file);
  if ((await ask(socketPath)) !== undefined) throw new Error(heldBy(data, holder));
  // On the same boot of the same machine the socket has the last word, whatever a container calls its host.
  if (holder === undefined || holder.boot === (await bootId())) return;
  const touched = await stat(file).then(
    (found) => found.mtimeMs,
    () => 0,
  );
  if (Date.now() - touched < STALE_MS) throw new Error(heldBy(data, holder));
}

function heldBy(data: string, holder: Partial<Holder> | undefined): string {
  const who =
    holder?.pid === undefined
      ? "another Switchyard"
      : `the Switchyard with process ${holder.pid} on ${holder.host}, since ${holder.startedAt}`;
  return `${data} is in use by ${who}; stop it, or start this one with its own --data folder`;
}

async function readHolder(file: string): Promise<Partial<Holder> | undefined> {
  try {
    return (JSON.parse(await readFile(file, "utf8")) as Partial<Holder> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** What the holder behind the socket answers; undefined where nobody does. */
function ask(socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const socket = net.connect(socketPath);
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("connect", () => (text = "")).on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.on("error", () => resolve(undefined));
    // A holder that takes the connection but says nothing (frozen) is still a holder.
    socket.on("close", () => resolve(text));
  });
}

interface SocketFolder {
  /** The data folder by a path that is short enough for a socket in it. */
  readonly path: string;
  close(): Promise<void>;
}

/** A socket's path may have 107 bytes; a deep folder is reached through its open descriptor. */
async function socketFolder(data: string): Promise<SocketFolder> {
  const folder = await realpath(data);
  if (Buffer.byteLength(folder) <= MAX_FOLDER_PATH) return { path: folder, close: async () => {} };
  if (process.platform !== "linux") {
    throw new Error(
      `${data} lies too deep for a socket in it; choose a --data folder with a path below ${MAX_FOLDER_PATH} bytes`,
    );
  }
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  return { path: `/proc/self/fd/${handle.fd}`, close: () => handle.close() };
}

async function bootId(): Promise<string> {
  return readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.trim(),
    () => new Date(Date.now() - os.uptime() * 1_000).toISOString().slice(0, 16),
  );
}
