import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "../../support/process.ts";
import { preparePython } from "../../support/python.ts";

/** boto3 in a process of its own: boto3_client.py makes the calls that it is told over its stdin. */

const SCRIPT = path.join(import.meta.dirname, "boto3_client.py");
const REQUIREMENTS = path.join(import.meta.dirname, "requirements.txt");

const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
const prepared = await preparePython({
  requirements: REQUIREMENTS,
  place: path.join(ROOT, "node_modules/.cache/switchyard", `python-${hash}`),
  modules: ["boto3", "aws_bedrock_token_generator"],
});

/** Says what this machine lacks, for a test's `skip`; false where there is boto3. */
export const NO_BOTO3 = "missing" in prepared ? prepared.missing : false;

/** What a client is made with; boto3's own words are in boto3_client.py. */
export interface ClientOptions {
  /** The environment's where absent. */
  readonly endpoint?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly sessionToken?: string;
  /** Of AWS_BEARER_TOKEN_BEDROCK. */
  readonly bearer?: string;
  /** Path of the certificate authority. */
  readonly verify?: string;
  readonly region?: string;
  /** Of one request in all; 1 where absent. */
  readonly attempts?: number;
  /** Seconds. */
  readonly readTimeout?: number;
  /** Whether boto3 itself looks at the parameters, as it does where absent. */
  readonly validation?: boolean;
  /** Added before the request is signed. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A JSON value, in which `{ $bytes }` stands for bytes. */
export type Params = Readonly<Record<string, unknown>>;

export interface CallOptions {
  /** The signer's clock is so many seconds ahead. */
  readonly clock?: number;
  /** Leaves a stream after so many events. */
  readonly leaveAfter?: number;
  /** Makes so many calls at once with one client; the reply is a list of their metadata. */
  readonly threads?: number;
  readonly onEvent?: (event: StreamEvent) => void;
}

export interface Metadata {
  readonly HTTPStatusCode: number;
  readonly HTTPHeaders: Readonly<Record<string, string>>;
  readonly RequestId?: string;
  readonly RetryAttempts: number;
}

/** An exception of botocore. */
export interface Boto3Error {
  /** The Python class. */
  readonly kind: string;
  readonly message: string;
  /** `Error.Code` and `Error.Message` of the response. */
  readonly code?: string;
  readonly said?: string;
  readonly metadata?: Metadata;
  /** Members of the modeled exception. */
  readonly members?: Readonly<Record<string, unknown>>;
}

export type StreamEvent = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What came of a call: a reply, or an error, which in a stream may come after events. */
export interface Outcome {
  readonly reply?: unknown;
  readonly metadata?: Metadata;
  readonly error?: Boto3Error;
  readonly events: readonly StreamEvent[];
  /** What boto3 put on the wire. */
  readonly sent: { readonly url?: string; readonly headers?: Readonly<Record<string, string>> };
}

export function bytes(value: Buffer | string): { readonly $bytes: string } {
  return { $bytes: Buffer.from(value).toString("base64") };
}

/** The bytes that came for `{ $bytes }`. */
export function bytesOf(value: unknown): Buffer {
  const text = (value as { $bytes?: unknown } | undefined)?.$bytes;
  assert.equal(typeof text, "string", "these are no bytes");
  return Buffer.from(text as string, "base64");
}

interface Waiting {
  readonly events: StreamEvent[];
  readonly onEvent: ((event: StreamEvent) => void) | undefined;
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
}

/** A running Python; it makes one call after the other. */
export class Boto3 implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  readonly #closed: Promise<void>;
  #count = 0;
  #stderr = "";
  versions: Readonly<Record<string, string>> = {};

  /** @param env  beside PATH; nothing of this process's own AWS settings comes in */
  constructor(env: Readonly<Record<string, string>> = {}) {
    if ("missing" in prepared) throw new Error(prepared.missing);
    const child = spawn(prepared.python, [SCRIPT], { env: { ...QUIET, ...env } });
    this.child = child;
    child.stderr.on("data", (part: Buffer) => (this.#stderr += part.toString()));
    createInterface({ input: child.stdout }).on("line", (line) => this.#line(line));
    this.#closed = new Promise((resolve) => {
      child.once("close", () => {
        for (const waiting of this.#waiting.values())
          waiting.reject(
            new Error(`Python has ended:
${this.#stderr}`),
          );
        resolve();
      });
    });
    child.stdin.on("error", () => {});
  }

  call(client: ClientOptions, call: string, params: Params, options: CallOptions = {}): Promise<Outcome> {
    const { onEvent, ...rest } = options;
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { events: [], onEvent, resolve, reject });
      this.child.stdin?.write(`${JSON.stringify({ id, client, call, params, ...rest })}\n`);
    });
  }

  #line(line: string): void {
    const { id, event, versions, ...outcome } = JSON.parse(line) as Line;
    if (versions !== undefined) this.versions = versions;
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (event === undefined) {
      this.#waiting.delete(id);
      return waiting.resolve({ ...outcome, events: waiting.events });
    }
    waiting.events.push(event);
    waiting.onEvent?.(event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.stdin?.end();
    this.child.kill("SIGKILL");
    await this.#closed;
  }
}

interface Line extends Outcome {
  readonly id: number;
  readonly event?: StreamEvent;
  readonly versions?: Readonly<Record<string, string>>;
}

/** No settings of the user's, no look for an instance's, no proxy. */
const QUIET = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  NO_PROXY: "127.0.0.1,localhost",
  AWS_EC2_METADATA_DISABLED: "true",
  PYTHONDONTWRITEBYTECODE: "1",
};
