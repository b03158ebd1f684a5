import type { BedrockModel } from "../../catalog/bedrock-models.ts";
import type { ChatRequest } from "../../core/chat.ts";
import type { EgressGuard } from "../http/egress-guard.ts";
import { MediaFault, withMedia } from "../http/fetch-media.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import type { AttemptFailure, ChatCall, ChatSink, UpstreamHandle } from "../provider.ts";
import { asEvents } from "../as-events.ts";
import { tellDropped } from "../conversation/dropped-thoughts.ts";
import { hasCalls } from "../conversation/flatten-tools.ts";
import { writeConverse } from "./converse/write-request.ts";
import { metadataOf } from "./labels.ts";
import type { BedrockOptions } from "./options.ts";
import { operationPath } from "./pass.ts";
import { BedrockReading } from "./reading.ts";
import type { AwsRuntime } from "../aws/runtime.ts";
import { translated } from "./translated.ts";

interface Parts {
  readonly runtime: AwsRuntime;
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
    const { call, options } = this.#parts;
    // Converse takes no addresses: what a request names by one is fetched first.
    const chat = options.media.fetch ? this.#withMedia(call.chat) : call.chat;
    if (chat instanceof Promise) void this.#sendLater(chat);
    else this.#send(chat);
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

  #withMedia(chat: ChatRequest): ChatRequest | Promise<ChatRequest> {
    const { guard, options, call } = this.#parts;
    const owner = call.labels.tenant;
    const { maxBytes, timeoutMs } = options.media;
    return withMedia(chat, { guard, owner, maxBytes, timeoutMs, signal: this.#abort.signal });
  }

  async #sendLater(chat: Promise<ChatRequest>): Promise<void> {
    try {
      this.#send(await chat);
    } catch (error) {
      if (error instanceof MediaFault) this.#fail(refusalOf(error));
      else this.#fail({ kind: "protocol", message: "the request could not be translated", bug: error });
    }
  }

  #send(chat: ChatRequest): void {
    if (this.#abort.signal.aborted) return;
    const { runtime, options, model, call } = this.#parts;
    const { body, how, inexpressible } = writeConverse({
      chat,
      model,
      outputCap: call.outputCap,
      withoutThoughts: call.withoutThoughts,
      autoCache: call.autoCache,
      metadata: options.requestMetadata ? metadataOf(call.labels) : call.labels.tags,
    });
    const others = tellDropped({ ...call, chat }, inexpressible, this.#parts.sink);
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

  #fail(failure: AttemptFailure): void {
    if (!this.#abort.signal.aborted) this.#parts.sink.fail(failure);
  }
}

/** What a request names by address could not be fetched: its own fault, whatever target serves it. */
function refusalOf({ message, kind }: MediaFault): AttemptFailure {
  const code = kind === "busy" ? "overloaded" : "invalid_request";
  return { kind: "unsupported", code, elsewhere: true, message };
}

function usesTools(chat: ChatRequest): boolean {
  if (chat.toolChoice === "none") return false;
  return chat.tools.length > 0 || hasCalls(chat);
}
