import type { BedrockModel } from "../../catalog/bedrock-models.ts";
import type { ChatRequest } from "../../core/chat.ts";
import type { EgressGuard } from "../http/egress-guard.ts";
import { MediaFault, withMedia } from "../http/fetch-media.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import type { AttemptFailure, ChatCall, ChatSink, UpstreamHandle } from "../provider.ts";
import { asEvents } from "./as-events.ts";
import { hasCalls } from "./converse/request/flatten-tools.ts";
import { writeConverse } from "./converse/write-request.ts";
import { metadataOf } from "./labels.ts";
import type { BedrockOptions } from "./options.ts";
import { operationPath } from "./pass.ts";
import { BedrockReading } from "./reading.ts";
import type { Runtime } from "./runtime.ts";
import { translated } from "./translated.ts";

interface Parts {
  readonly runtime: Runtime;
  readonly guard: EgressGuard;
  readonly options: BedrockOptions;
  readonly model: BedrockModel;
  readonly call: ChatCall;
  readonly sink: ChatSink;
}

/** Serves a chat request of another dialect by Converse. */
export class ChatByConverse implements UpstreamHandle {
  readonly #parts: Parts;
  readonly #abort = new AbortController();
  #handle: UpstreamHandle | undefined;
  #paused = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  start(): this {
    const { call, options, guard } = this.#parts;
    const { fetch, maxBytes, timeoutMs } = options.media;
    if (!fetch) {
      this.#send(call.chat);
      return this;
    }
    try {
      // Converse takes no addresses: what a request names by one is fetched first.
      const chat = withMedia(call.chat, { guard, maxBytes, timeoutMs, signal: this.#abort.signal });
      if (chat instanceof Promise)
        chat.then(
          (ready) => this.#sendOrFail(ready),
          (error: unknown) => this.#refuse(error),
        );
      else this.#send(chat);
    } catch (error) {
      this.#refuse(error);
    }
    return this;
  }

  get sent(): boolean {
    return this.#handle !== undefined && this.#handle.sent !== false;
  }

  cancel(): void {
    this.#abort.abort();
    this.#handle?.cancel();
  }

  pause(): void {
    this.#paused = true;
    this.#handle?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#handle?.resume();
  }

  #sendOrFail(chat: ChatRequest): void {
    try {
      this.#send(chat);
    } catch {
      this.#fail({ kind: "protocol", message: "the request could not be translated" });
    }
  }

  #send(chat: ChatRequest): void {
    if (this.#abort.signal.aborted) return;
    const { runtime, options, model, call } = this.#parts;
    const { body, how, inexpressible } = writeConverse({
      chat,
      model,
      outputCap: call.outputCap,
      stripReasoning: call.stripReasoning,
      metadata: options.requestMetadata ? metadataOf(call.labels) : {},
    });
    const isStripped = call.stripReasoning && hasThoughts(chat);
    if (isStripped) this.#parts.sink.dropped(["reasoning"]);
    // Some models think on only where their earlier thoughts are there: that goes with them, whatever the policy.
    const goesAlong = isStripped ? inexpressible.filter(({ name }) => name === "reasoning_effort") : [];
    if (goesAlong.length > 0) this.#parts.sink.dropped(["reasoning_effort"]);
    const others = inexpressible.filter((one) => !goesAlong.includes(one));
    const failure = refuseOrDrop(others, call.mayDrop, this.#parts.sink);
    if (failure !== undefined) return this.#fail(failure);
    // Some models take tools, but not in a stream: they are asked for a whole reply, which goes on as one.
    const stream =
      call.stream && (model.streamingTools || !(how.schemaTool !== undefined || usesTools(chat)));
    const sink = call.stream && !stream ? asEvents(this.#parts.sink) : this.#parts.sink;
    const unsigned = {
      method: "POST" as const,
      path: operationPath(runtime.prefix, call.model, stream ? "converse-stream" : "converse"),
      headers: {
        "content-type": "application/json",
        accept: stream ? "application/vnd.amazon.eventstream" : "application/json",
      },
      body,
    };
    const reading = new BedrockReading(translated(sink, how, stream), runtime.secrets);
    this.#handle = runtime.send(call, unsigned, reading);
    if (this.#paused) this.#handle.pause();
  }

  /** What a request names by address could not be fetched: its own fault, whatever target serves it. */
  #refuse(error: unknown): void {
    if (this.#abort.signal.aborted) return;
    const message =
      error instanceof MediaFault ? error.message : "what the request names by address cannot be fetched";
    this.#fail({ kind: "unsupported", code: "invalid_request", elsewhere: true, message });
  }

  #fail(failure: AttemptFailure): void {
    if (!this.#abort.signal.aborted) this.#parts.sink.fail(failure);
  }
}

function hasThoughts({ messages }: ChatRequest): boolean {
  return messages.some(({ parts }) =>
    parts.some(({ type }) => type === "reasoning" || type === "redacted-reasoning"),
  );
}

function usesTools(chat: ChatRequest): boolean {
  if (chat.toolChoice === "none") return false;
  return chat.tools.length > 0 || hasCalls(chat);
}
