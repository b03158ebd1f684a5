import { addUsage, NO_USAGE, type Usage } from "../../core/usage.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import type { AttemptFailure, EmbedCall, EmbedSink, UpstreamHandle } from "../provider.ts";
import { ReplyFault } from "../reply-fault.ts";
import { readTokenHeaders } from "./converse/usage.ts";
import { embeddingBody, type EmbeddingBody } from "./embeddings.ts";
import { operationPath } from "./pass.ts";
import { BedrockReading } from "./reading.ts";
import type { AwsRuntime } from "../aws/runtime.ts";

/** Calls under way at a time for one request with many texts. */
const AT_A_TIME = 8;

/** Serves embeddings by as many calls as the model needs: some take one text each. */
export function embedByInvoke(
  runtime: AwsRuntime,
  family: string | undefined,
  call: EmbedCall,
  sink: EmbedSink,
): UpstreamHandle {
  const body = embeddingBody(family, call.embeddings);
  if (body === undefined) throw new Error(`${call.model} was asked for embeddings, and makes none`);
  const failure = refuseOrDrop(body.inexpressible, call.mayDrop, sink);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  const run = new EmbedRun(runtime, body, call, sink);
  run.start();
  return run;
}

/** Of text, about, where nobody counts. */
const BYTES_PER_TOKEN = 4;

class EmbedRun implements UpstreamHandle {
  readonly #runtime: AwsRuntime;
  readonly #body: EmbeddingBody;
  readonly #call: EmbedCall;
  readonly #sink: EmbedSink;
  readonly #parts: readonly (readonly string[])[];
  readonly #vectors: number[][][] = [];
  /** Calls under way, by the part's number. */
  readonly #open = new Map<number, UpstreamHandle | undefined>();
  #usage: Usage | undefined = NO_USAGE;
  #next = 0;
  #done = 0;
  /** The service answered something. */
  #heard = false;
  #over = false;

  constructor(runtime: AwsRuntime, body: EmbeddingBody, call: EmbedCall, sink: EmbedSink) {
    this.#runtime = runtime;
    this.#body = body;
    this.#call = call;
    this.#sink = sink;
    const { texts } = call.embeddings;
    this.#parts = Array.from({ length: Math.ceil(texts.length / body.perCall) }, (_, index) =>
      texts.slice(index * body.perCall, (index + 1) * body.perCall),
    );
  }

  start(): void {
    while (this.#next < this.#parts.length && this.#open.size < AT_A_TIME && !this.#over)
      this.#sendPart(this.#next++);
  }

  get sent(): boolean {
    return this.#heard || [...this.#open.values()].some((handle) => handle?.sent !== false);
  }

  cancel(): void {
    this.#over = true;
    for (const handle of this.#open.values()) handle?.cancel();
  }

  pause(): void {}

  resume(): void {}

  #sendPart(index: number): void {
    const { model } = this.#call;
    const { secrets, prefix } = this.#runtime;
    const reading = new BedrockReading(
      {
        sink: {
          ...QUIET,
          alive: () => this.#sink.alive(),
          fail: (failure) => this.#fail(index, failure),
        },
        whole: (reply, headers) => {
          const read = (JSON.parse(reply.body.toString()) ?? {}) as Record<string, unknown>;
          // First, because vectors that are of no use were paid for, too.
          this.#open.delete(index);
          this.#count(readTokenHeaders(headers) ?? tokensInBody(read));
          const vectors = this.#body.vectors(read);
          if (vectors.length !== this.#parts[index]?.length)
            throw new ReplyFault(
              `it has ${vectors.length} embeddings for ${this.#parts[index]?.length} texts`,
            );
          this.#vectors[index] = vectors;
          this.#finishPart();
        },
      },
      secrets,
    );
    const request = {
      method: "POST" as const,
      path: operationPath(prefix, model, "invoke"),
      headers: { "content-type": "application/json", accept: "application/json" },
      body: this.#body.body(this.#parts[index] ?? []),
    };
    this.#open.set(index, undefined);
    const handle = this.#runtime.send(this.#call, request, reading);
    if (this.#open.has(index)) this.#open.set(index, handle);
    this.#tell();
  }

  /** Only where every part told its tokens is their sum known. */
  #count(usage: Usage | "invalid" | undefined): void {
    this.#heard = true;
    this.#usage =
      this.#usage === undefined || usage === undefined || usage === "invalid"
        ? undefined
        : addUsage(this.#usage, usage);
    this.#tell();
  }

  /** What it costs if it ends now: what was told, and a guess for what is under way, which the service may charge. */
  #tell(): void {
    if (this.#over) return;
    if (this.#usage === undefined) return this.#sink.usage(undefined);
    let bytes = 0;
    for (const index of this.#open.keys())
      for (const text of this.#parts[index] ?? []) bytes += Buffer.byteLength(text);
    const guessed = { ...NO_USAGE, inputTokens: Math.ceil(bytes / BYTES_PER_TOKEN) };
    this.#sink.usage(addUsage(this.#usage, guessed), bytes > 0);
  }

  #finishPart(): void {
    if (this.#over) return;
    this.#done++;
    if (this.#done < this.#parts.length) return this.start();
    this.#over = true;
    this.#sink.whole({ vectors: this.#vectors.flat(), usage: this.#usage });
  }

  /** One part that fails is the whole; what the others cost was told, and is charged. */
  #fail(index: number, failure: AttemptFailure): void {
    if (this.#over) return;
    // A refusal is not charged; what broke off may be.
    const isRefused = failure.status !== undefined || failure.kind !== "cut";
    this.#heard ||= failure.status !== undefined;
    if (isRefused) this.#open.delete(index);
    this.#tell();
    this.cancel();
    this.#sink.fail(failure);
  }
}

/** Titan tells them in its body, too. */
function tokensInBody({ inputTextTokenCount: count }: Readonly<Record<string, unknown>>): Usage | undefined {
  return Number.isSafeInteger(count) && (count as number) >= 0
    ? { ...NO_USAGE, inputTokens: count as number }
    : undefined;
}

const QUIET = { usage(): void {}, dropped(): void {} };
