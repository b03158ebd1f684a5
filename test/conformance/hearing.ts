import type { Usage } from "../../src/core/usage.ts";
import type { WireRequest } from "../../src/core/wire.ts";
import { openAi } from "../../src/gateway/dialects/openai/index.ts";
import { TranslatedChat } from "../../src/gateway/translate.ts";
import type { AttemptFailure, ReplySink, UpstreamHandle, WholeReply } from "../../src/providers/provider.ts";
import type { Opened } from "./subject.ts";

/** A sink that writes down all it hears, in order. */
export class Hearing implements ReplySink {
  readonly order: string[] = [];
  readonly chunks: Buffer[] = [];
  reply: WholeReply | undefined;
  last: Buffer | undefined;
  failure: AttemptFailure | undefined;
  reported: Usage | undefined;
  handle: UpstreamHandle | undefined;
  #end: () => void = () => {};
  /** Settles when the attempt is over. */
  readonly over = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  whole(reply: WholeReply): void {
    this.order.push("whole");
    this.reply = reply;
    this.#end();
  }

  chunk(bytes: Buffer): void {
    this.order.push("chunk");
    this.chunks.push(Buffer.from(bytes));
  }

  end(last: Buffer): void {
    this.order.push("end");
    this.last = Buffer.from(last);
    this.#end();
  }

  usage(usage: Usage): void {
    this.order.push("usage");
    this.reported = usage;
  }

  alive(): void {}

  head(): void {}

  dropped(): void {}

  fail(failure: AttemptFailure): void {
    this.order.push("fail");
    this.failure = failure;
    this.#end();
  }

  get text(): string {
    return Buffer.concat([...this.chunks, this.last ?? Buffer.alloc(0)]).toString();
  }

  /** How often something came after which nothing may come. */
  get ends(): number {
    return this.order.filter((what) => what === "whole" || what === "end" || what === "fail").length;
  }
}

export function send(opened: Opened, body: object, headers: Record<string, string> = {}): Hearing {
  const hearing = new Hearing();
  const { provider, model } = opened;
  const request = chatRequest(body, headers);
  const call = {
    model,
    outputCap: undefined,
    connectTimeoutMs: 1_000,
    autoCache: false,
    withoutThoughts: false,
    labels: { exchange: "x1", tenant: "acme", tags: {} },
  };
  if (provider.serves(request, model) === "pass") {
    hearing.handle = provider.send({ ...call, request }, hearing);
    return hearing;
  }
  const { includeUsage, stream } = request;
  const writer = openAi.chatWriter({ exchangeId: "x1", model: "m", startedAtMs: 0, includeUsage });
  const chat = openAi.readChat(request);
  const sink = new TranslatedChat(writer, hearing);
  hearing.handle = provider.chat({ ...call, chat, stream, mayDrop: false }, sink);
  return hearing;
}

function chatRequest(body: object, headers: Record<string, string>): WireRequest {
  const bytes = Buffer.from(
    JSON.stringify({ model: "m", messages: [{ role: "user", content: "Say something." }], ...body }),
  );
  return openAi.parse({ operation: "chat", address: {}, bytes, headers, metadataWords: false }).request;
}
