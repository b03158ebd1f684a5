import net from "node:net";

/** An upstream on a bare socket that does what a test says with each complete request. */
export class RawUpstream implements AsyncDisposable {
  readonly requests: string[] = [];
  connections = 0;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor(onRequest: (socket: net.Socket, count: number) => void) {
    this.#server = net.createServer({ noDelay: true }, (socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => {});
      let text = "";
      socket.on("data", (bytes: Buffer) => {
        text += bytes.toString("latin1");
        const head = text.indexOf("\r\n\r\n");
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (head === -1 || text.length < head + 4 + length) return;
        this.requests.push(text);
        text = "";
        onRequest(socket, this.requests.length);
      });
    });
  }

  static async start(onRequest: (socket: net.Socket, count: number) => void): Promise<RawUpstream> {
    const upstream = new RawUpstream(onRequest);
    await new Promise<void>((resolve) => upstream.#server.listen(0, "127.0.0.1", resolve));
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
