import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { until } from "../support/gateway.ts";
import { ROOT } from "../support/process.ts";
import { preparePython, run, type Prepared } from "../support/python.ts";

/** A real llama.cpp behind the OpenAI API of llama-cpp-python, with a tiny random model. */
export interface LlamaServer extends AsyncDisposable {
  readonly url: string;
  /** What it has printed so far. */
  output(): string;
  /** @returns when the process is gone, and with it its port */
  kill(): Promise<void>;
}

/** Tokens of prompt and reply together. */
export const CONTEXT = 2_048;
/** Numbers of an embedding; as in tiny-gguf.py. */
export const WIDTH = 64;

const CACHE = process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache");

/** The Python with llama.cpp in it. The first time it is compiled, which takes 6 to 8 minutes on two cores. */
export function preparePythonWithLlama(): Promise<Prepared> {
  return preparePython({
    requirements: path.join(import.meta.dirname, "llama-requirements.txt"),
    place: path.join(CACHE, "switchyard/llama"),
    modules: ["llama_cpp.server", "gguf"],
    alsoNeeded: async () => ((await hasCompiler()) ? undefined : "there is no C++ compiler"),
    onProgress: (line) => console.error(`llama.cpp: ${line} (the first time takes 6 to 8 minutes)`),
  });
}

async function hasCompiler(): Promise<boolean> {
  const named = process.env["CXX"];
  for (const command of [...(named === undefined ? [] : [named]), "c++", "g++", "clang++"]) {
    if ((await run(command, ["--version"])).code === 0) return true;
  }
  return false;
}

export async function startLlama(python: string): Promise<LlamaServer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-llama-"));
  const model = path.join(folder, "tiny.gguf");
  const written = await run(python, [path.join(ROOT, "scripts/tiny-gguf.py"), model]);
  if (written.code !== 0) throw new Error(`no model: ${written.err}`);
  const port = await freePort();
  const settings = {
    model,
    host: "127.0.0.1",
    port,
    n_ctx: CONTEXT,
    model_alias: "tiny",
    embedding: true,
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = spawn(python, ["-m", "llama_cpp.server", ...args], {
    env: { ...process.env, PYTHONUNBUFFERED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => (output += bytes.toString()));
  }
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const server: LlamaServer = {
    url: `http://127.0.0.1:${port}/v1`,
    output: () => output,
    kill: () => {
      child.kill("SIGKILL");
      return exited;
    },
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
  await ready(server, () => child.exitCode !== null);
  return server;
}

async function ready(server: LlamaServer, hasExited: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !hasExited(); tries++) {
    const response = await fetch(`${server.url}/models`).catch(() => undefined);
    if (response?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await server[Symbol.asyncDispose]();
  throw new Error(`llama.cpp did not start:\n${server.output().slice(-2_000)}`);
}

/** A port that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until the server has printed something. */
export async function printed(server: LlamaServer, text: string): Promise<void> {
  await until(() => server.output().includes(text), `"${text}" in the engine's output`);
}
