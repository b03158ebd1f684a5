import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import http2 from "node:http2";
import os from "node:os";
import path from "node:path";
import test from "node:test";
import tls from "node:tls";
import { loadTls } from "../../src/gateway/tls.ts";
import { startGateway, targetsOn, type TestGateway } from "../support/gateway.ts";
import { connect, parseReplies, requestText } from "./support.ts";

/** A gateway behind TLS, and the certificate to trust. */
async function startSecure(): Promise<
  { readonly gateway: TestGateway; readonly ca: string } & AsyncDisposable
> {
  const data = await mkdtemp(path.join(os.tmpdir(), "switchyard-test-"));
  const pair = await loadTls("self-signed", data, ["127.0.0.1"]);
  const ca = await readFile(pair?.authority ?? "", "utf8");
  const gateway = await startGateway(
    `server: { timeouts: { headers: 500ms, request: 500ms, keepAlive: 500ms } }\n${targetsOn("http://127.0.0.1:9/v1", ["fine"])}`,
    { frontDoor: { tls: pair } },
  );
  return {
    gateway,
    ca,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** What a TLS client receives until the connection's end, or why there was none. */
function speak(port: number, options: tls.ConnectionOptions, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect({ port, host: "127.0.0.1", ...options }, () => {
      if (text !== "") socket.write(text);
    });
    let received = "";
    let reason = "";
    socket.on("data", (bytes: Buffer) => (received += bytes.toString("latin1")));
    socket.on("error", (error) => (reason = `failed: ${error.message}`));
    socket.on("close", () => resolve(received === "" ? reason : received));
  });
}

const HEALTHY = requestText("GET /healthz HTTP/1.1", { connection: "close" });

test("over TLS the client chooses by ALPN, and without it HTTP/1.1 is spoken", async () => {
  await using secure = await startSecure();
  const { ca, gateway } = secure;
  for (const ALPNProtocols of [["http/1.1"], undefined]) {
    const [reply] = parseReplies(
      await speak(gateway.port, { ca, ...(ALPNProtocols && { ALPNProtocols }) }, HEALTHY),
    );
    assert.equal(reply?.status, 200);
  }
  const session = http2.connect(`https://127.0.0.1:${gateway.port}`, { ca });
  const stream = session.request({ ":path": "/healthz" });
  const status = await new Promise((resolve) => stream.on("response", (head) => resolve(head[":status"])));
  assert.equal(status, 200);
  session.destroy();
});

test("a protocol that is not spoken, an old TLS and plain text are refused, and others are served on", async () => {
  await using secure = await startSecure();
  const { ca, gateway } = secure;
  assert.match(await speak(gateway.port, { ca, ALPNProtocols: ["spdy/3"] }, HEALTHY), /^failed/);
  assert.match(
    await speak(gateway.port, { ca, maxVersion: "TLSv1.1", minVersion: "TLSv1" }, HEALTHY),
    /^failed/,
  );
  await using plain = await connect(gateway.port);
  plain.send(HEALTHY);
  await plain.closed();
  assert.doesNotMatch(plain.text(), /200 OK/);
  assert.match(await speak(gateway.port, { ca }, HEALTHY), /200 OK/);
  assert.deepEqual(gateway.bugs, []);
});

test("a handshake that is never finished, and a silence after it, end at their deadlines", async () => {
  await using secure = await startSecure();
  const { ca, gateway } = secure;
  await using silent = await connect(gateway.port);
  await using half = await connect(gateway.port);
  half.send(Buffer.from("1603010200010001fc0303", "hex"));
  await Promise.all([silent.closed(), half.closed()]);
  await speak(gateway.port, { ca }, "");
  await speak(gateway.port, { ca }, "GET /healthz HT");
  await speak(gateway.port, { ca, ALPNProtocols: ["h2"] }, "");
  await speak(gateway.port, { ca, ALPNProtocols: ["h2"] }, "PRI * HTTP/2.0\r\n");
  assert.match(await speak(gateway.port, { ca }, HEALTHY), /200 OK/);
});

test("a client that speaks HTTP/1.1 after it chose HTTP/2, or the other way round, is cut off", async () => {
  await using secure = await startSecure();
  const { ca, gateway } = secure;
  assert.doesNotMatch(await speak(gateway.port, { ca, ALPNProtocols: ["h2"] }, HEALTHY), /200 OK/);
  const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  assert.match(await speak(gateway.port, { ca, ALPNProtocols: ["http/1.1"] }, preface), /^HTTP\/1\.1 400 /);
  assert.deepEqual(gateway.bugs, []);
});
