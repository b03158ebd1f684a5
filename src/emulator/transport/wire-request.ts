import type http from "node:http";

/** A request as it stood on the wire, with its whole body. */
export interface WireRequest {
  readonly method: string;
  /** Path and query, not decoded: signatures are made over this. */
  readonly url: string;
  /** The path between its slashes, not decoded. */
  readonly segments: readonly string[];
  /** Names in lower case; HTTP/2's `:authority` among them. */
  readonly headers: http.IncomingHttpHeaders;
  readonly httpVersion: string;
  readonly body: Buffer;
}

/** As much as the service takes: 25,000,000 bytes of body in InvokeModel; Converse's images come as base64. */
const MOST_BYTES = 64 * 1024 * 1024;

/** @returns undefined where the body is larger than anything the service takes, or its sender left */
export async function readRequest(request: http.IncomingMessage): Promise<WireRequest | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > MOST_BYTES) return undefined;
      pieces.push(piece);
    }
  } catch {
    return undefined;
  }
  const url = request.url ?? "/";
  const path = url.split("?", 1)[0] ?? "/";
  return {
    method: request.method ?? "GET",
    url,
    segments: path.split("/").slice(1),
    headers: request.headers,
    httpVersion: request.httpVersion,
    body: Buffer.concat(pieces),
  };
}

export function headerOf(request: WireRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
