import http from "node:http";
import type { AddressInfo } from "node:net";
import Anthropic from "@anthropic-ai/sdk";
import type { Message, RawMessageStreamEvent } from "@anthropic-ai/sdk/resources/messages";

/** What Anthropic's own SDK makes of bytes that a server sends it. */
export class AnthropicSdk implements AsyncDisposable {
  readonly #server: http.Server;
  readonly #client: Anthropic;
  #answer: { readonly body: Buffer; readonly contentType: string } | undefined;

  private constructor(server: http.Server, client: Anthropic) {
    this.#server = server;
    this.#client = client;
  }

  static async start(): Promise<AnthropicSdk> {
    const server = http.createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const client = new Anthropic({ apiKey: "k", baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
    const sdk = new AnthropicSdk(server, client);
    server.on("request", (request: http.IncomingMessage, response: http.ServerResponse) => {
      request.resume().on("end", () => {
        response.writeHead(200, { "content-type": sdk.#answer?.contentType });
        response.end(sdk.#answer?.body);
      });
    });
    return sdk;
  }

  whole(body: Buffer): Promise<Message> {
    this.#answer = { body, contentType: "application/json" };
    return this.#client.messages.create(ASKED);
  }

  /** The message that the SDK puts together of a stream. */
  streamed(body: Buffer): Promise<Message> {
    this.#answer = { body, contentType: "text/event-stream" };
    return this.#client.messages.stream(ASKED).finalMessage();
  }

  /** The events of a stream, as the SDK tells them one by one. */
  async told(body: Buffer): Promise<RawMessageStreamEvent[]> {
    this.#answer = { body, contentType: "text/event-stream" };
    return Array.fromAsync(await this.#client.messages.create({ ...ASKED, stream: true }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const ASKED: Anthropic.MessageCreateParamsNonStreaming = {
  model: "m",
  max_tokens: 10,
  messages: [{ role: "user", content: "Hello" }],
};
