import assert from "node:assert/strict";
import type { LookupAddress } from "node:dns";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo, type Server } from "node:net";
import test, { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { ChatPart, ChatRequest, MediaPart, ToolResultPart } from "../../core/chat.ts";
import { egressGuard } from "./egress-guard.ts";
import {
  fetchMedia,
  MediaFault,
  namesAddresses,
  withMedia,
  type MediaFaultKind,
  type MediaOptions,
} from "./fetch-media.ts";

const closing: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closing) await close();
});

const PNG = Buffer.from("\x89PNG\r\n\x1a\nthe rest of a picture", "latin1");

const guard = egressGuard({
  allow: ["127.0.0.1/32"],
  lookup: (name): Promise<LookupAddress[]> =>
    name === "private.example"
      ? Promise.resolve([{ address: "127.0.0.2", family: 4 }])
      : Promise.reject(new Error("ENOTFOUND")),
});
closing.push(() => guard.close());

function how(options: Partial<MediaOptions> = {}): MediaOptions {
  return {
    guard,
    owner: "acme",
    maxBytes: 1_000,
    timeoutMs: 5_000,
    signal: new AbortController().signal,
    ...options,
  };
}

/** @returns the address, without a slash at its end */
async function listen(server: Server | http.Server, host = "127.0.0.1"): Promise<string> {
  const sockets = new Set<net.Socket>();
  server.on("connection", (socket: net.Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, host);
  await once(server, "listening");
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

async function serve(
  handler: (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => void,
  host?: string,
): Promise<string> {
  return listen(http.createServer(handler), host);
}

/** A server that answers every request with the same text, whatever HTTP says of it. */
async function serveRaw(reply: string): Promise<string> {
  return listen(net.createServer((socket) => socket.once("data", () => socket.end(reply, "latin1"))));
}

async function fault(url: string, options: Partial<MediaOptions> = {}): Promise<MediaFault> {
  try {
    await fetchMedia(url, how(options));
  } catch (error) {
    assert.ok(error instanceof MediaFault, String(error));
    assert.doesNotMatch(error.message, /127\.0|169\.254|localhost|example|secret/);
    return error;
  }
  return assert.fail("nothing was refused");
}

async function assertFault(
  url: string,
  kind: MediaFaultKind,
  message: RegExp,
  options?: Partial<MediaOptions>,
): Promise<void> {
  const found = await fault(url, options);
  assert.equal(found.kind, kind, found.message);
  assert.match(found.message, message);
}

test("a file is fetched with its type, by a request that tells nothing of us", async () => {
  const heard: http.IncomingHttpHeaders[] = [];
  const url = await serve(({ headers }, outgoing) => {
    heard.push(headers);
    outgoing.writeHead(200, { "content-type": "image/png", "set-cookie": "a=b" }).end(PNG);
  });
  const expected = { base64: PNG.toString("base64"), contentType: "image/png" };
  assert.deepEqual(await fetchMedia(`${url}/a.png?x=1#y`, how()), expected);
  assert.deepEqual(await fetchMedia(url, how({ maxBytes: PNG.length })), expected, "as large as may be");
  for (const headers of heard)
    assert.deepEqual(
      { ...headers, host: undefined },
      {
        host: undefined,
        connection: "keep-alive",
        accept: "*/*",
        "accept-encoding": "identity",
        "user-agent": "switchyard",
      },
    );
});

test("a file without a type has none", async () => {
  const url = await serve((_, outgoing) => outgoing.end(PNG));
  assert.equal((await fetchMedia(url, how())).contentType, undefined);
});

test("three redirects are followed, of every kind, and a fourth is not", async () => {
  const statuses = [301, 302, 303, 307, 308];
  let asked = 0;
  const url = await serve((incoming, outgoing) => {
    asked++;
    const left = Number(incoming.url?.slice(1));
    if (left === 0) outgoing.end(PNG);
    else outgoing.writeHead(statuses[asked % 5] ?? 302, { location: `./${left - 1}` }).end("elsewhere");
  });
  assert.equal((await fetchMedia(`${url}/3`, how())).base64, PNG.toString("base64"));
  asked = 0;
  await assertFault(`${url}/4`, "unavailable", /redirects more than 3 times/);
  assert.equal(asked, 4);
});

test("a redirect to what may not be fetched is refused like that itself, and nobody connects there", async () => {
  let location = "";
  const url = await serve((_, outgoing) => outgoing.writeHead(302, { location }).end());
  let connections = 0;
  const secret = http.createServer((_, outgoing) => outgoing.end("secret"));
  secret.on("connection", () => connections++);
  const privateUrl = await listen(secret, "127.0.0.2");
  const port = new URL(privateUrl).port;
  const messages = new Set<string>();
  for (const target of [
    privateUrl,
    `//127.0.0.2:${port}/`,
    `http://private.example:${port}/`,
    "http://127.0.0.3:9999/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/meta-data/",
    "http://[::1]:8080/",
    "http://2130706434/",
    "http://nowhere.example/",
  ]) {
    location = target;
    messages.add((await fault(url)).message);
    messages.add((await fault(new URL(target, "http://x.example").href)).message);
  }
  assert.deepEqual(
    [...messages],
    [
      "the media address cannot be fetched, since it leads to no public host; give one that anybody can fetch, or send the content as base64",
    ],
  );
  assert.equal(connections, 0);
  for (const [target, message] of [
    ["file:///etc/passwd", /scheme/],
    ["http://user:secret@127.0.0.1:8080/", /credentials/],
    ["http://127.0.0.1:22/", /port 22/],
    ["http://[", /no URL/],
    [`/${"a".repeat(9_000)}`, /no URL/],
  ] as const) {
    location = target;
    await assertFault(url, "refused", message);
  }
});

test("what is no address of the web is refused", async () => {
  for (const url of [
    "",
    "a.png",
    "http://",
    "data:image/png;base64,AA==",
    `http://127.0.0.1/${"a".repeat(9_000)}`,
  ])
    await assertFault(url, "refused", /no URL|scheme/);
});

test("any other status than 200 is told, and its body is not", async () => {
  for (const status of [201, 206, 304, 400, 403, 404, 500]) {
    const url = await serve((_, outgoing) => outgoing.writeHead(status).end(status === 304 ? "" : "secret"));
    await assertFault(url, "unavailable", new RegExp(`answered ${status};`));
  }
  const url = await serve((_, outgoing) => outgoing.writeHead(302).end());
  await assertFault(url, "unavailable", /answered 302;/);
});

test("an answer that is empty or compressed is of no use", async () => {
  await assertFault(await serve((_, outgoing) => outgoing.end()), "unavailable", /nothing/);
  const url = await serve((_, outgoing) =>
    outgoing.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(Buffer.alloc(1_000_000))),
  );
  await assertFault(url, "unavailable", /compressed/);
});

test("a file that says it is too large is not read", async () => {
  let wrote = 0;
  const url = await serve((_, outgoing) => {
    outgoing.writeHead(200, { "content-length": 50_000_000 });
    const write = (): void => {
      while (!outgoing.destroyed && wrote < 50_000_000) {
        wrote += 65_536;
        if (!outgoing.write(Buffer.alloc(65_536))) return void outgoing.once("drain", write);
      }
    };
    write();
  });
  await assertFault(url, "too-large", /more than 1000 bytes/);
  await sleep(50);
  assert.ok(wrote < 10_000_000, `${wrote} bytes were written`);
});

test("a file without an end is read until it is too large, and the connection is closed", async () => {
  let closed = false;
  const url = await serve((_, outgoing) => {
    const timer = setInterval(() => outgoing.write(Buffer.alloc(100)), 1);
    outgoing.on("close", () => {
      clearInterval(timer);
      closed = true;
    });
  });
  await assertFault(url, "too-large", /more than 1000 bytes/);
  await sleep(50);
  assert.ok(closed);
});

test("one byte too many is too many, however it comes", async () => {
  const chunked = await serve((_, outgoing) => {
    outgoing.write(Buffer.alloc(1_000));
    outgoing.end("a");
  });
  await assertFault(chunked, "too-large", /more than 1000 bytes/);
  const whole = await serve((_, outgoing) => outgoing.end(Buffer.alloc(1_001)));
  await assertFault(whole, "too-large", /more than 1000 bytes/);
});

test("a length that lies gets no more than it says, and a fault where less comes", async () => {
  const more = await serveRaw(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello and more`);
  assert.equal((await fetchMedia(more, how())).base64, Buffer.from("hello").toString("base64"));
  const less = await serveRaw(`HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello`);
  await assertFault(less, "unavailable", /to the end/);
  for (const head of [
    "content-length: -5",
    "content-length: 5\r\ncontent-length: 6",
    "content-length: 99999999999999999999999",
    "content-length: 5\r\ntransfer-encoding: chunked",
    "transfer-encoding: chunked",
  ]) {
    const url = await serveRaw(`HTTP/1.1 200 OK\r\n${head}\r\n\r\nhello`);
    await assertFault(url, "unavailable", /to the end/);
  }
  const nonsense = await serveRaw("220 mail.example ESMTP secret\r\n");
  await assertFault(nonsense, "unavailable", /to the end/);
});

test("the deadline is for head, body and redirects together", async () => {
  const silent = await serve(() => {});
  await assertFault(silent, "timeout", /longer than 50 ms/, { timeoutMs: 50 });
  const slow = await serve((_, outgoing) => {
    const timer = setInterval(() => outgoing.write("a"), 10);
    outgoing.on("close", () => clearInterval(timer));
  });
  await assertFault(slow, "timeout", /longer than 100 ms/, { timeoutMs: 100 });
  const late = await serve((incoming, outgoing) => {
    setTimeout(() => outgoing.writeHead(302, { location: `${incoming.url}a` }).end(), 40);
  });
  await assertFault(late, "timeout", /longer than 100 ms/, { timeoutMs: 100 });
});

test("a port where nobody listens is no different from a host that breaks off", async () => {
  const server = net.createServer((socket) => socket.destroy());
  const url = await listen(server);
  const broken = await fault(url);
  const gone = net.createServer();
  const goneUrl = await listen(gone);
  gone.close();
  assert.equal((await fault(goneUrl)).message, broken.message);
});

test("an exchange that ends takes its fetches with it, with its own reason", async () => {
  const leaving = new AbortController();
  let closed = false;
  const url = await serve((_, outgoing) => {
    outgoing.write("a");
    outgoing.on("close", () => (closed = true));
    leaving.abort(new Error("the client left"));
  });
  await assert.rejects(fetchMedia(url, how({ signal: leaving.signal })), { message: "the client left" });
  await sleep(20);
  assert.ok(closed);
  await assert.rejects(fetchMedia(url, how({ signal: leaving.signal })), { message: "the client left" });
});

function chat(...parts: readonly ChatPart[]): ChatRequest {
  return { messages: [{ role: "user", parts }] } as unknown as ChatRequest;
}

function image(source: MediaPart["source"], format?: string): MediaPart {
  return { type: "image", source, format, name: undefined };
}

function result(...content: ToolResultPart["content"]): ToolResultPart {
  return { type: "tool-result", id: "a", content, isError: false };
}

const TEXT: ChatPart = { type: "text", text: "What is this?" };

test("a request without an address is itself", async () => {
  const request = chat(TEXT, image({ base64: "AA==" }), result(image({ base64: "AA==" })), {
    type: "document",
    source: { s3: { uri: "s3://bucket/key", bucketOwner: undefined } },
    format: "pdf",
    name: "a",
  });
  assert.equal(namesAddresses(request), false);
  assert.equal(await withMedia(request, how()), request);
});

test("every address becomes content, also in results of tools, and each is fetched once", async () => {
  const asked: string[] = [];
  const url = await serve((incoming, outgoing) => {
    asked.push(incoming.url ?? "");
    if (incoming.url === "/text")
      outgoing.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end("hello");
    else outgoing.writeHead(200, { "content-type": "image/jpeg" }).end(PNG);
  });
  const document: MediaPart = {
    type: "document",
    source: { url: `${url}/text` },
    format: undefined,
    name: "a",
  };
  const request = chat(
    TEXT,
    image({ url: `${url}/a` }),
    image({ url: `${url}/a` }, "webp"),
    result(TEXT, image({ url: `${url}/b` }), document),
  );
  const png = image({ base64: PNG.toString("base64") }, "png");
  const text = Buffer.from("hello").toString("base64");
  assert.deepEqual(
    await withMedia(request, how()),
    chat(TEXT, png, png, result(TEXT, png, { ...document, source: { base64: text }, format: "txt" })),
  );
  assert.deepEqual(asked.toSorted(), ["/a", "/b", "/text"]);
});

test("four are fetched at a time and twenty in all", async () => {
  let open = 0;
  let most = 0;
  const url = await serve((_, outgoing) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      outgoing.end(PNG);
    }, 5);
  });
  const images = Array.from({ length: 21 }, (_, index) => image({ url: `${url}/${index}` }));
  await withMedia(chat(...images.slice(1)), how());
  assert.equal(most, 4);
  await assert.rejects(
    withMedia(chat(...images), how()),
    (error) => error instanceof MediaFault && error.kind === "too-many" && error.message.includes("are 21"),
  );
  const same = Array.from({ length: 21 }, () => image({ url }));
  await assert.rejects(withMedia(chat(...same), how()), { kind: "too-many" });
});

test("a fault says which of several addresses it was, and ends the fetches beside it", async () => {
  let closed = 0;
  const url = await serve((incoming, outgoing) => {
    outgoing.on("close", () => closed++);
    if (incoming.url === "/2") setTimeout(() => outgoing.writeHead(404).end(), 30);
  });
  const images = ["/1", "/2", "/3", "/1"].map((path) => image({ url: url + path }));
  await assert.rejects(withMedia(chat(...images), how()), {
    kind: "unavailable",
    message: /^media address 2 of 3 answered 404; /,
  });
  await sleep(20);
  assert.equal(closed, 3);
});

test("the files of a request have a size together, where each place counts", async () => {
  const url = await serve((_, outgoing) => outgoing.end(Buffer.alloc(3 * 1024 * 1024)));
  const large = how({ maxBytes: 4 * 1024 * 1024 });
  await withMedia(chat(...Array.from({ length: 6 }, () => image({ url }))), large);
  await assert.rejects(withMedia(chat(...Array.from({ length: 7 }, () => image({ url }))), large), {
    kind: "too-large",
  });
});
