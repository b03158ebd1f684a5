import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { CHAT, lastBody, startEmulated } from "../traps/support.ts";
import { recordOf, told } from "./support.ts";

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Something private that must not be asked; it notes every connection. */
async function startPrivate(
  answer: http.RequestListener,
): Promise<AsyncDisposable & { readonly port: number; asked: number }> {
  const server = http.createServer((request, response) => {
    state.asked++;
    answer(request, response);
  });
  server.on("connection", () => state.asked++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const state = {
    port: (server.address() as AddressInfo).port,
    asked: 0,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
}

const image = (url: string): object => ({
  ...CHAT,
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "look" },
        { type: "image_url", image_url: { url } },
      ],
    },
  ],
});
const withoutIds = (message: string): string => message.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "");

test("images at private addresses are refused in the same words, whether something is there or not", async () => {
  await using inside = await startPrivate((_request, response) => response.end(PNG));
  await using pair = await startEmulated();
  const { port } = inside;
  const words = new Set<string>();
  for (const host of [
    "127.0.0.1",
    "127.1",
    "127.0.0.2",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "[::ffff:169.254.169.254]",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "there.invalid",
  ]) {
    for (const where of [`http://${host}:${port}/x.png`, `http://${host}:64999/x.png`]) {
      for (const stream of [false, true]) {
        const reply = await told(await pair.gateway.chat({ ...image(where), stream }), "openai", true);
        assert.equal(reply.status, 400, where);
        assert.equal(reply.code, "invalid_request", where);
        words.add(withoutIds(reply.message));
        assert.ok(host.length < 4 || !reply.message.includes(host), "the address is not repeated");
        const record = await recordOf(pair.gateway, where);
        assert.notEqual(record.status, "answered");
        assert.equal(record.costNano, 0n);
      }
    }
  }
  assert.equal(words.size, 1, [...words].join("\n"));
  assert.equal(inside.asked, 0, "nothing was asked");
  assert.equal(pair.emulator.requests().length, 0, "and the target was not, either");
});

test("other schemes, credentials in the address and what is no address are refused", async () => {
  await using pair = await startEmulated();
  for (const url of [
    "file:///etc/passwd",
    "ftp://example.com/x.png",
    "gopher://example.com/",
    "javascript:alert(1)",
    "blob:https://example.com/1",
    "http://user:password@example.com/x.png",
    "http://",
    "http://[::1",
    "//example.com/x.png",
    "x.png",
    "data:,",
    "data:image/png;base64,",
    "data:image/png;base64,%%%",
    "data:text/html;base64,PGgxPg==",
    `http://example.com/${"x".repeat(10_000)}`,
    "s3://bucket/key.png",
  ]) {
    const reply = await told(await pair.gateway.chat(image(url)), "openai", true);
    assert.equal(reply.status, 400, url.slice(0, 60));
    assert.ok(!reply.message.includes("password"), reply.message);
    await recordOf(pair.gateway, url.slice(0, 60));
  }
  // Base64 that is none is the service's to refuse.
  assert.ok(pair.emulator.requests().every(({ status }) => status === 400));
});

test("a redirect from an address that may be asked to a private one is refused in the same words as the address itself", async () => {
  let location = "";
  await using hidden = await startPrivate((_request, response) => response.end(PNG));
  await using open = await startPrivate((request, response) => {
    if (request.url === "/image") return void response.end(PNG);
    response.writeHead(302, { location });
    response.end("the body of a redirect");
  });
  await using pair = await startEmulated({ more: "egress: { allow: [127.0.0.1/32] }\n" });
  const good = await told(await pair.gateway.chat(image(`http://127.0.0.1:${open.port}/image`)), "openai");
  assert.equal(good.status, 200, good.message);
  assert.equal(lastBody(pair.emulator).messages[0].content[1].image.source.bytes, PNG.toString("base64"));
  await recordOf(pair.gateway);
  const sent = pair.emulator.requests().length;
  const words = new Set<string>();
  for (location of [
    `http://127.0.0.2:${hidden.port}/`,
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]:64999/",
    "http://10.0.0.1/",
    "http://2852039166/",
    "//169.254.169.254/",
    "http://0x7f000002/",
  ]) {
    const reply = await told(
      await pair.gateway.chat(image(`http://127.0.0.1:${open.port}/go`)),
      "openai",
      true,
    );
    assert.equal(reply.status, 400, location);
    words.add(withoutIds(reply.message));
    await recordOf(pair.gateway, location);
  }
  const direct = await told(await pair.gateway.chat(image("http://169.254.169.254/")), "openai", true);
  words.add(withoutIds(direct.message));
  await recordOf(pair.gateway);
  assert.equal(words.size, 1, [...words].join("\n"));
  for (location of ["file:///etc/passwd", "", "http://user:pw@127.0.0.1/", "/go", "http://["]) {
    const reply = await told(
      await pair.gateway.chat(image(`http://127.0.0.1:${open.port}/go`)),
      "openai",
      true,
    );
    assert.equal(reply.status, 400, location);
    assert.ok(!reply.message.includes("pw@"));
    await recordOf(pair.gateway, location);
  }
  assert.equal(hidden.asked, 0);
  assert.equal(pair.emulator.requests().length, sent);
});

test("what is fetched and is no image, too long, empty, slow or broken is refused, and its words stay where they are", async () => {
  const answers: Readonly<Record<string, http.RequestListener>> = {
    page: (_request, response) => {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html>TOP SECRET</html>");
    },
    "page-as-image": (_request, response) => {
      response.writeHead(200, { "content-type": "image/png" });
      response.end("<html>TOP SECRET</html>");
    },
    refusal: (_request, response) => {
      response.writeHead(403);
      response.end("TOP SECRET");
    },
    nothing: (_request, response) => response.end(),
    long: (_request, response) => {
      response.writeHead(200, { "content-type": "image/png" });
      response.end(Buffer.concat([PNG, Buffer.alloc(6_000_000)]));
    },
    compressed: (_request, response) => {
      response.writeHead(200, { "content-type": "image/png", "content-encoding": "gzip" });
      response.end(PNG);
    },
    cut: (_request, response) => {
      response.writeHead(200, { "content-type": "image/png", "content-length": 1_000 });
      response.write(PNG);
      setTimeout(() => response.destroy(), 5);
    },
    silent: () => {},
  };
  await using open = await startPrivate((request, response) =>
    answers[(request.url ?? "").slice(1)]?.(request, response),
  );
  await using pair = await startEmulated({ more: "egress: { allow: [127.0.0.1/32], timeout: 300ms }\n" });
  for (const name of Object.keys(answers)) {
    const reply = await told(
      await pair.gateway.chat(image(`http://127.0.0.1:${open.port}/${name}`)),
      "openai",
      true,
    );
    assert.equal(reply.status, 400, `${name}: ${reply.message}`);
    assert.ok(!reply.message.includes("TOP SECRET"), name);
    assert.notEqual((await recordOf(pair.gateway, name)).status, "answered");
  }
  // What calls itself an image and is none is the service's to refuse.
  assert.ok(pair.emulator.requests().length <= 1);
});

test("a client that leaves while its image is fetched leaves one record and no request behind", async () => {
  await using open = await startPrivate(() => {});
  await using pair = await startEmulated({ more: "egress: { allow: [127.0.0.1/32] }\n" });
  const leave = new AbortController();
  const asked = pair.gateway.chat(image(`http://127.0.0.1:${open.port}/`), { signal: leave.signal });
  while (open.asked < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  leave.abort();
  await assert.rejects(asked);
  const record = await recordOf(pair.gateway);
  assert.equal(record.status, "abandoned");
  assert.equal(record.costNano, 0n, "nothing was sent to a model");
  assert.equal(pair.emulator.requests().length, 0);
});
