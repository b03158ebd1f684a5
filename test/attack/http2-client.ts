import http2 from "node:http2";

/** An HTTP/2 connection by prior knowledge. */
export interface Http2Client extends AsyncDisposable {
  readonly session: http2.ClientHttp2Session;
  request(
    headers: http2.OutgoingHttpHeaders,
    body?: string | Uint8Array,
  ): Promise<{
    readonly status: number;
    readonly headers: http2.IncomingHttpHeaders;
    readonly text: string;
  }>;
}

export function connectHttp2(port: number): Http2Client {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on("error", () => {});
  return {
    session,
    request: (headers, body) =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers, { endStream: body === undefined });
        const parts: Buffer[] = [];
        let head: http2.IncomingHttpHeaders = {};
        stream.on("response", (received) => (head = received));
        stream.on("data", (bytes: Buffer) => parts.push(bytes));
        stream.on("error", reject);
        stream.on("close", () =>
          resolve({
            status: Number(head[":status"] ?? 0),
            headers: head,
            text: Buffer.concat(parts).toString(),
          }),
        );
        if (body !== undefined) stream.end(body);
      }),
    async [Symbol.asyncDispose]() {
      session.destroy();
    },
  };
}

/** Pseudo-headers and the rest of a chat request over HTTP/2. */
export function chatHeaders(key: string, more: http2.OutgoingHttpHeaders = {}): http2.OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":path": "/v1/chat/completions",
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    ...more,
  };
}

/** What an HTTP/2 connection begins with, and frames for what Node's own client would not send (RFC 9113). */
export const h2 = {
  preface: Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
    const head = Buffer.alloc(9);
    head.writeUIntBE(payload.length, 0, 3);
    head.writeUInt8(type, 3);
    head.writeUInt8(flags, 4);
    head.writeUInt32BE(stream, 5);
    return Buffer.concat([head, payload]);
  },
  settings: (): Buffer => h2.frame(4, 0, 0),
  /** @param flags  1 ends the stream, 4 ends the headers */
  headers: (stream: number, flags: number, fields: readonly (readonly [string, string])[]): Buffer =>
    h2.frame(1, flags, stream, h2.block(fields)),
  /** HPACK literals that are not indexed (RFC 7541, section 6.2.2); names and values of less than 127 bytes. */
  block: (fields: readonly (readonly [string, string])[]): Buffer =>
    Buffer.concat(
      fields.flatMap(([name, value]) => [
        Buffer.from([0, name.length]),
        Buffer.from(name, "latin1"),
        Buffer.from([value.length]),
        Buffer.from(value, "latin1"),
      ]),
    ),
};
