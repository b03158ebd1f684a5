import http from "node:http";
import type { AddressInfo } from "node:net";

/** What a request to the scripted engine was. */
export interface Seen {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly raw: Buffer;
  /** The client's connection was closed before the reply was complete. */
  closedEarly: boolean;
}

export type Script = (request: Seen, response: http.ServerResponse) => void | Promise<void>;

/** An upstream over a real socket that does what a test says. */
export class Engine implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** What it does with the next requests. */
  script: Script;
  readonly #server: http.Server;

  private constructor(script: Script) {
    this.script = script;
    this.#server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (part: Buffer) => chunks.push(part));
      request.on("end", () => {
        const seen: Seen = {
          path: request.url ?? "",
          headers: request.headers,
          raw: Buffer.concat(chunks),
          closedEarly: false,
        };
        response.on("close", () => (seen.closedEarly = !response.writableFinished));
        this.seen.push(seen);
        void this.script(seen, response);
      });
    });
  }

  static async start(script: Script = answer()): Promise<Engine> {
    const engine = new Engine(script);
    await new Promise<void>((resolve) => engine.#server.listen(0, "127.0.0.1", resolve));
    return engine;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1`;
  }

  /** The last request's body. */
  get lastBody(): string {
    return this.seen.at(-1)?.raw.toString() ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const USAGE = { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 };

/** A plain reply with an unknown field and a number that JavaScript cannot hold. */
export const PLAIN = `{"id":"c1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":${JSON.stringify(USAGE)},"x_engine":{"seed":12345678901234567890}}`;

export function chunk(content: string): string {
  return `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":${JSON.stringify(content)}},"finish_reason":null}]}\n\n`;
}

export const FINISH = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n`;
export const USAGE_FRAME = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":${JSON.stringify(USAGE)}}\n\n`;
export const DONE = "data: [DONE]\n\n";

/** Answers like a small engine: plain or streaming as asked, with usage where asked. */
export function answer(words: readonly string[] = ["one ", "two ", "three"]): Script {
  return (request, response) => {
    const body = JSON.parse(request.raw.toString()) as {
      stream?: boolean;
      stream_options?: { include_usage?: boolean };
    };
    if (body.stream !== true) return plain(response, 200, PLAIN);
    sse(response);
    for (const word of words) response.write(chunk(word));
    response.write(FINISH);
    if (body.stream_options?.include_usage === true) response.write(USAGE_FRAME);
    response.end(DONE);
  };
}

export function plain(
  response: http.ServerResponse,
  status: number,
  body: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}

export function sse(response: http.ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
}

/** Fails as told. */
export function failing(
  status: number,
  body = '{"error":{"message":"scripted"}}',
  headers: http.OutgoingHttpHeaders = {},
): Script {
  return (_request, response) => plain(response, status, body, headers);
}
