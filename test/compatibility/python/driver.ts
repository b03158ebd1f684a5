import { spawn, type ChildProcess } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Outcome, PipeReply, PipeRequest } from "../client.ts";

const SCRIPT = path.join(import.meta.dirname, "driver.py");

/** No settings of the user's, no look for an instance's, no proxy. */
const QUIET = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  NO_PROXY: "127.0.0.1,localhost",
  AWS_EC2_METADATA_DISABLED: "true",
  LANGSMITH_TRACING: "false",
  PYTHONDONTWRITEBYTECODE: "1",
};

interface Waiting {
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** One Python for all clients, started by the first request and kept; it takes many at once (client.ts says the form). */
export class Driver {
  readonly #python: string;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #closed: Promise<void> = Promise.resolve();
  #count = 0;
  #errors = "";

  /** @param python  its path */
  constructor(python: string) {
    this.#python = python;
  }

  ask(request: Omit<PipeRequest, "id">): Promise<Outcome> {
    this.#child ??= this.#start();
    const { stdin } = this.#child;
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  #start(): ChildProcess {
    const child = spawn(this.#python, [SCRIPT], { env: QUIET, stdio: ["pipe", "pipe", "pipe"] });
    child.stderr.on("data", (part: Buffer) => (this.#errors += part.toString()));
    child.stdin.on("error", () => {});
    createInterface({ input: child.stdout }).on("line", (line) => this.#line(line));
    this.#closed = new Promise((resolve) => {
      child.once("close", () => {
        this.#child = undefined;
        for (const waiting of this.#waiting.values())
          waiting.reject(new Error(`Python has ended: ${this.#errors}`));
        this.#waiting.clear();
        resolve();
      });
    });
    return child;
  }

  #line(line: string): void {
    const { id, ...outcome } = JSON.parse(line) as PipeReply;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ("broken" in outcome) waiting?.reject(new Error(outcome.broken));
    else waiting?.resolve(outcome);
  }

  /** Ends Python; a later request starts another. */
  async close(): Promise<void> {
    this.#child?.stdin?.end();
    // What hangs on an answer that never comes would keep it.
    this.#child?.kill("SIGKILL");
    await this.#closed;
  }
}
