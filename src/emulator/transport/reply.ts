import { setTimeout as sleep } from "node:timers/promises";
import http2 from "node:http2";
import type http from "node:http";

/** One message of a streamed reply, sent in one write. */
export interface Piece {
  readonly bytes: Buffer;
  /** Event type, `chunk`, or `data` of server-sent events. */
  readonly type: string;
  /** Tokens that it tells; the pace of sending goes by them. */
  readonly tokens: number;
}

/** How a streamed reply ends: as it should, or like a connection that broke. */
export type StreamEnd = "end" | "reset" | "hang";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The whole of it, or what it is made of. */
  readonly body: Buffer | string | readonly Piece[];
  /** Only of a streamed reply. */
  readonly end?: StreamEnd;
  /** The error's class, where no header names it. */
  readonly error?: string;
}

/** How fast a reply comes. */
export interface Pace {
  readonly firstTokenMs: number;
  /** 0 for all at once. */
  readonly tokensPerSecond: number;
  /** Share by which every wait is longer or shorter at random, 0 to 1. */
  readonly jitter: number;
}

/** Sends a reply; returns when its last byte was handed on, or when the client left. */
export async function sendReply(response: http.ServerResponse, reply: Reply, pace: Pace): Promise<void> {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.on("error", () => gone.abort());
  try {
    if (pace.firstTokenMs > 0)
      await sleep(jittered(pace.firstTokenMs, pace.jitter), undefined, { signal: gone.signal });
    response.writeHead(reply.status, reply.headers);
    if (typeof reply.body === "string" || Buffer.isBuffer(reply.body)) response.end(reply.body);
    else {
      // Without this the headers would wait for the first piece.
      response.flushHeaders();
      await sendPieces(response, reply.body, pace, gone.signal);
      await finish(response, reply.end ?? "end");
    }
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

async function sendPieces(
  response: http.ServerResponse,
  pieces: readonly Piece[],
  pace: Pace,
  gone: AbortSignal,
): Promise<void> {
  for (const piece of pieces) {
    const waitMs = pace.tokensPerSecond > 0 ? (piece.tokens * 1_000) / pace.tokensPerSecond : 0;
    if (waitMs > 0) await sleep(jittered(waitMs, pace.jitter), undefined, { signal: gone });
    if (!response.write(piece.bytes)) await drained(response, gone);
  }
}

function drained(response: http.ServerResponse, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onGone = (): void => reject(new Error("the client left"));
    gone.addEventListener("abort", onGone, { once: true });
    response.once("drain", () => {
      gone.removeEventListener("abort", onGone);
      resolve();
    });
  });
}

async function finish(response: http.ServerResponse, end: StreamEnd): Promise<void> {
  if (end === "hang") return;
  if (end === "end") {
    response.end();
    return;
  }
  // What was written must have left, or it would be thrown away.
  await new Promise<void>((resolve) => response.write("", () => resolve()));
  const { stream } = response as unknown as { stream?: http2.ServerHttp2Stream };
  // A reset of TCP would take back what its receiver has not read yet; the end of the connection within a chunked body
  // is as much of a failure and comes after all that was sent.
  if (stream !== undefined) stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.destroy();
}

/** Breaks the connection (HTTP/1.1) or the stream (HTTP/2) off without a reply, as a failing host would. */
export function breakOff(response: http.ServerResponse): void {
  const { stream } = response as unknown as { stream?: http2.ServerHttp2Stream };
  if (stream !== undefined) stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
  else response.socket?.resetAndDestroy();
}

function jittered(ms: number, jitter: number): number {
  return ms * (1 + jitter * (2 * Math.random() - 1));
}
