import assert from "node:assert/strict";
import net from "node:net";
import type { KeyRights } from "../../src/policy/key.ts";
import { Engine, PLAIN, type Script } from "../support/engine.ts";
import { startGateway, targetsOn, until, type TestGateway } from "../support/gateway.ts";

export const HELLO = { model: "fine", messages: [{ role: "user", content: "hi" }] };

/** An engine, and a gateway in front of it with the target "fine". */
export interface Pair extends AsyncDisposable {
  readonly engine: Engine;
  readonly gateway: TestGateway;
}

export interface PairOptions {
  readonly script?: Script;
  /** Inside `server: { timeouts: { … } }`. */
  readonly server?: string;
  /** Inside the target's `timeouts: { … }`. */
  readonly timeouts?: string;
  /** More of the target, beginning with a comma. */
  readonly target?: string;
}

export async function startPair(options: PairOptions = {}): Promise<Pair> {
  const engine = await Engine.start(options.script);
  const timeouts = options.timeouts === undefined ? "" : `, timeouts: { ${options.timeouts} }`;
  const server = options.server === undefined ? "" : `server: { timeouts: { ${options.server} } }\n`;
  const gateway = await startGateway(
    server + targetsOn(engine.url, ["fine"], timeouts + (options.target ?? "")),
  );
  return {
    engine,
    gateway,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

/** What a key may do: as little as a new one, but for what is said. */
export function rights(more: Partial<KeyRights>): KeyRights {
  return {
    defaults: {},
    pinned: {},
    tasks: undefined,
    actFor: [],
    metadataWords: false,
    aws: false,
    ...more,
  };
}

/** Sends bytes as a chat request's body. */
export function postBody(
  { gateway }: Pair,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    body,
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers },
  });
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** After whatever was done to it, the gateway serves, holds nothing open, and met no fault of its own. */
export async function assertAlive({ engine, gateway }: Pair): Promise<void> {
  const { script } = engine;
  engine.script = (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(PLAIN);
  };
  const response = await gateway.chat(HELLO);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), PLAIN);
  engine.script = script;
  assert.deepEqual(gateway.bugs, []);
  await until(() => gateway.gateway.inFlight === 0, "the end of every exchange");
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
}

export interface ErrorBody {
  readonly message: string;
  readonly type: string;
  readonly param: unknown;
  readonly code: string;
  readonly exchange: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** An error reply in OpenAI's shape, with the exchange's id in it, that a person can act on. */
export function assertErrorBody(body: string, code: string, says: RegExp): ErrorBody {
  const { error } = JSON.parse(body) as { error: ErrorBody };
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  assert.match(error.type, /_error$|^insufficient_quota$/);
  assert.match(error.exchange, UUID);
  assert.ok(error.message.includes(error.exchange));
  assert.ok(body.length < 8_192, `an error of ${body.length} characters helps nobody`);
  return error;
}

export async function assertError(
  response: Response,
  status: number,
  code: string,
  says: RegExp,
): Promise<ErrorBody> {
  const body = await response.text();
  assert.equal(response.status, status, body.slice(0, 500));
  assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
  const error = assertErrorBody(body, code, says);
  assert.equal(response.headers.get("x-switchyard-exchange"), error.exchange);
  return error;
}

/** A bare connection to the gateway. */
export interface Wire extends AsyncDisposable {
  readonly socket: net.Socket;
  send(bytes: string | Uint8Array): void;
  /** Everything received so far; one character a byte. */
  text(): string;
  /** Waits until what was received satisfies `enough`, or the connection is over. */
  until(enough: (text: string) => boolean): Promise<string>;
  /** Milliseconds from the connection's beginning to its end, which is waited for. */
  closed(): Promise<number>;
}

const PATIENCE_MS = 10_000;

export async function connect(port: number, options: Partial<net.NetConnectOpts> = {}): Promise<Wire> {
  const socket = net.connect({ port, host: "127.0.0.1", noDelay: true, ...options } as net.TcpNetConnectOpts);
  const parts: string[] = [];
  const startedAt = performance.now();
  let closedAt: number | undefined;
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  socket.on("data", (bytes: Buffer) => {
    parts.push(bytes.toString("latin1"));
    tell();
  });
  socket.on("error", () => {});
  socket.on("close", () => {
    closedAt = performance.now() - startedAt;
    tell();
  });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const wait = <Found>(what: string, look: () => Found | undefined): Promise<Found> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(check);
        reject(new Error(`${what} did not come; received: ${parts.join("").slice(-500)}`));
      }, PATIENCE_MS);
      const check = (): void => {
        const found = look();
        if (found === undefined) return;
        clearTimeout(timer);
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
    });
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    text: () => parts.join(""),
    until: (enough) =>
      wait("the reply", () =>
        closedAt !== undefined || enough(parts.join("")) ? parts.join("") : undefined,
      ),
    closed: () => wait("the connection's end", () => closedAt),
    async [Symbol.asyncDispose]() {
      socket.destroy();
    },
  };
}

/** Sends bytes and gives what comes back until the gateway closes the connection. */
export async function exchangeBytes(port: number, bytes: string | Uint8Array): Promise<string> {
  await using wire = await connect(port);
  wire.send(bytes);
  await wire.closed();
  return wire.text();
}

/** A request as HTTP/1.1 writes it. */
export function requestText(
  line: string,
  headers: Readonly<Record<string, string | number>>,
  body = "",
): string {
  const lines = Object.entries({ host: "localhost", ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${line}\r\n${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** A chat request of a key, to the byte. */
export function chatText(key: string, body: object = HELLO, headers: Record<string, string> = {}): string {
  const text = JSON.stringify(body);
  return requestText(
    "POST /v1/chat/completions HTTP/1.1",
    {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
      ...headers,
    },
    text,
  );
}

export interface ParsedReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Divides what a connection received into replies; fails where it is not a sequence of complete ones. */
export function parseReplies(text: string): ParsedReply[] {
  const replies: ParsedReply[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\r\n\r\n", at);
    const head = text.slice(at, end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    assert.ok(end !== -1 && status >= 100, `no reply begins with ${JSON.stringify(text.slice(at, at + 80))}`);
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
    const body = /\r\ntransfer-encoding: chunked/i.test(head)
      ? dechunk(text, end + 4)
      : { text: text.slice(end + 4, end + 4 + Number(length ?? 0)), end: end + 4 + Number(length ?? 0) };
    assert.ok(body.end <= text.length, "the last reply is not complete");
    replies.push({ status, head, body: body.text });
    at = body.end;
  }
  return replies;
}

function dechunk(text: string, from: number): { readonly text: string; readonly end: number } {
  let at = from;
  let out = "";
  for (;;) {
    const line = text.indexOf("\r\n", at);
    const digits = text.slice(at, line);
    assert.match(digits, /^[0-9a-f]+$/i, "a chunk's size is expected");
    const size = Number.parseInt(digits, 16);
    const start = line + 2;
    assert.equal(text.slice(start + size, start + size + 2), "\r\n", "a chunk ends with CRLF");
    out += text.slice(start, start + size);
    at = start + size + 2;
    if (size === 0) return { text: out, end: at };
  }
}

/** One request on a connection of its own, and its only reply. */
export async function ask(
  port: number,
  line: string,
  headers: Readonly<Record<string, string>>,
): Promise<ParsedReply> {
  const text = await exchangeBytes(port, requestText(line, { ...headers, connection: "close" }));
  const [reply, ...others] = parseReplies(text);
  assert.ok(reply !== undefined && others.length === 0, `${line}: ${text}`);
  return reply;
}
