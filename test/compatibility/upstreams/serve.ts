import http from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Api, type ErrorReply, type Json, Refusal } from "./api.ts";
import { answerTo, commandOf, type Answer, type Asked, type Heard, type Log } from "./model.ts";

/** An emulated service over a real socket. */
export interface Upstream extends AsyncDisposable {
  readonly url: string;
}

const NO_ONE: Heard = { closed: false } as Heard;
const PAUSE_MS = 15;

/** Starts it; several APIs may live at one address. */
export async function serve(log: Log, apis: readonly Api[]): Promise<Upstream> {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (part: Buffer) => chunks.push(part));
    request.on("end", () => void handle(log, apis, request, Buffer.concat(chunks), response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function handle(
  log: Log,
  apis: readonly Api[],
  request: http.IncomingMessage,
  bytes: Buffer,
  response: http.ServerResponse,
): Promise<void> {
  const path = request.url ?? "";
  const api = apis.find(({ paths }) => paths.test(path));
  if (api === undefined) return send(response, { status: 404, body: { error: { message: `no ${path}` } } });
  if (!api.admits({ path, headers: request.headers, bytes }))
    return send(response, api.error("authentication"));
  try {
    const body = JSON.parse(bytes.toString()) as Json;
    const other = api.other?.(path, body);
    if (other !== undefined) return send(response, { status: 200, body: other });
    const asked = api.read(body, path);
    const command = commandOf(asked.turns);
    if (command === undefined) throw new Refusal("the user's last text holds no command");
    const answer = answerTo(asked, command);
    await reply(api, asked, answer, response, log.add(command.tag, asked, answer));
  } catch (error) {
    const said = error instanceof Refusal ? error.message : `the emulator broke: ${String(error)}`;
    if (response.headersSent) response.destroy();
    else send(response, api.error("bad-request", said));
  }
}

async function reply(
  api: Api,
  asked: Asked,
  answer: Answer,
  response: http.ServerResponse,
  heard: Heard = NO_ONE,
): Promise<void> {
  response.once("close", () => (heard.closed = !response.writableFinished));
  const { fails } = answer;
  if (fails === "timeout") return;
  const breaks = fails === "mid-stream" || fails === "cut" || fails === "no-end";
  if (fails !== undefined && !(breaks && asked.stream)) return send(response, api.error(fails));
  if (!asked.stream) return send(response, { status: 200, body: api.whole(answer, asked) });
  response.writeHead(200, { "content-type": api.streamType });
  const pieces = api.pieces(answer, asked);
  for (const piece of breaks ? pieces.slice(0, api.beforeBreak) : pieces) {
    if (response.destroyed) return;
    response.write(piece);
    if (answer.slow) await sleep(PAUSE_MS);
  }
  if (fails === "mid-stream") response.end(api.streamError());
  else if (fails === "cut") response.write("", () => response.socket?.destroy());
  else response.end();
}

function send(response: http.ServerResponse, { status, headers, body }: ErrorReply): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
