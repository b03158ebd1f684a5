import assert from "node:assert/strict";
import http from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import type OpenAI from "openai";
import type { APIError } from "openai";
import { ask, chat } from "./chat.ts";
import { PDF, PNG, startLab } from "./setup.ts";

/** The SDK of OpenAI against Bedrock targets: images and files. */

type Part = OpenAI.ChatCompletionContentPart;

interface Sent {
  readonly messages: readonly {
    readonly content: readonly {
      readonly text?: string;
      readonly image?: { format: string; source: { bytes: string } };
      readonly document?: { name: string; format: string; source: { bytes: string } };
    }[];
  }[];
}

function image(url: string): Part {
  return { type: "image_url", image_url: { url } };
}

function file(filename: string, bytes: Buffer, type = "application/pdf"): Part {
  return { type: "file", file: { filename, file_data: `data:${type};base64,${bytes.toString("base64")}` } };
}

function withText(...parts: Part[]): OpenAI.ChatCompletionMessageParam[] {
  return [{ role: "user", content: [{ type: "text", text: "Look." }, ...parts] }];
}

const DATA = `data:image/png;base64,${PNG.toString("base64")}`;

/** A server of pictures, which counts who came. */
async function pictures(): Promise<AsyncDisposable & { url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = http.createServer(({ url = "" }, response) => {
    asked.push(url);
    if (url === "/moved.png") response.writeHead(302, { location: "/picture.png" }).end();
    else if (url === "/away.png")
      response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" }).end();
    else if (url === "/page") response.writeHead(200, { "content-type": "text/html" }).end("<html></html>");
    else if (url === "/missing.png") response.writeHead(404).end();
    else response.writeHead(200, { "content-type": "image/jpg" }).end(PNG);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const LOCAL = 'egress: { allow: ["127.0.0.1/32"] }';

test("an image as data reaches the model byte for byte, whatever its label says", async () => {
  await using lab = await startLab();
  for (const streaming of [false, true])
    for (const url of [DATA, DATA.replace("image/png", "image/jpg")])
      for (const model of ["claude", "nova"]) {
        const { finish } = await chat(lab, { model, messages: withText(image(url)) }, streaming);
        assert.equal(finish, "stop");
        assert.deepEqual((lab.sent() as unknown as Sent).messages[0]?.content[1]?.image, {
          format: "png",
          source: { bytes: PNG.toString("base64") },
        });
      }
});

test("an image by address is fetched where that is allowed, also where it has moved, and once for two places", async () => {
  await using server = await pictures();
  await using lab = await startLab({ yaml: LOCAL });
  const { url } = server;
  for (const streaming of [false, true]) {
    const messages = withText(
      image(`${url}/picture.png`),
      image(`${url}/picture.png`),
      image(`${url}/moved.png`),
    );
    const { finish } = await chat(lab, { model: "claude", messages }, streaming);
    assert.equal(finish, "stop");
    const { content } = (lab.sent() as unknown as Sent).messages[0] ?? assert.fail();
    assert.deepEqual(
      content.slice(1).map((block) => block.image),
      [1, 2, 3].map(() => ({ format: "png", source: { bytes: PNG.toString("base64") } })),
    );
  }
  assert.equal(server.asked.filter((path) => path === "/moved.png").length, 2);
  assert.ok(server.asked.length <= 6, server.asked.join(" "));
});

test("an address of this machine's is refused without being asked, unless it is allowed", async () => {
  await using server = await pictures();
  await using lab = await startLab();
  for (const streaming of [false, true])
    await assert.rejects(
      chat(lab, { model: "claude", messages: withText(image(`${server.url}/picture.png`)) }, streaming),
      (error: APIError) => {
        assert.equal(error.status, 400);
        assert.equal(error.code, "invalid_request");
        assert.doesNotMatch(error.message, /127\.0\.0\.1/, "the address is not told again");
        return true;
      },
    );
  assert.deepEqual(server.asked, []);
  assert.equal(lab.emulator.requests().length, 0);
});

test("what is no picture, is not there or leads elsewhere is refused", async () => {
  await using server = await pictures();
  await using lab = await startLab({ yaml: LOCAL });
  for (const path of ["/missing.png", "/away.png", "/page"])
    await assert.rejects(
      chat(lab, { model: "claude", messages: withText(image(server.url + path)) }, false),
      { status: 400 },
      path,
    );
  assert.equal(lab.emulator.requests().length, 0);
});

test("with egress.media: refuse nothing is fetched", async () => {
  await using server = await pictures();
  await using lab = await startLab({ yaml: 'egress: { media: refuse, allow: ["127.0.0.1/32"] }' });
  await assert.rejects(
    chat(lab, { model: "claude", messages: withText(image(`${server.url}/picture.png`)) }, false),
    { status: 400 },
  );
  assert.deepEqual(server.asked, []);
});

test("an address that cannot be fetched by one target may still be served by another that takes addresses", async () => {
  await using lab = await startLab({ yaml: "tasks: { look: { targets: [claude, engine] } }" });
  const url = "http://127.0.0.1:1/picture.png";
  const { headers } = await chat(lab, { model: "look", messages: withText(image(url)) }, false);
  assert.equal(headers.get("x-switchyard-target"), "engine");
  assert.ok(lab.engine.lastBody.includes(url));
});

test("a file is a document with a legal name of its own, and a text beside it", async () => {
  await using lab = await startLab();
  const files = [
    file("報告　2026.v1.pdf", PDF),
    file("quarterly report.pdf", PDF),
    file("quarterly report.pdf", PDF),
    file("notes\tof_today.txt", Buffer.from("some notes"), "text/plain"),
  ];
  for (const streaming of [false, true]) {
    const { finish } = await chat(
      lab,
      { model: "claude", messages: [{ role: "user", content: files }] },
      streaming,
    );
    assert.equal(finish, "stop");
    const { content } = (lab.sent() as unknown as Sent).messages[0] ?? assert.fail();
    const documents = content.flatMap(({ document }) => document ?? []);
    assert.deepEqual(
      documents.map(({ format }) => format),
      ["pdf", "pdf", "pdf", "txt"],
    );
    assert.deepEqual(
      documents.map(({ source }) => source.bytes),
      [PDF, PDF, PDF, Buffer.from("some notes")].map((bytes) => bytes.toString("base64")),
    );
    assert.equal(new Set(documents.map(({ name }) => name)).size, 4);
    assert.ok(documents.some(({ name }) => name.startsWith("quarterly report")));
    assert.ok(content.some(({ text }) => text !== undefined));
  }
});

test("a picture that a model does not take is refused and named, and the next target's turn comes", async () => {
  await using lab = await startLab({ yaml: "tasks: { look: { targets: [qwen, claude] } }" });
  await assert.rejects(chat(lab, { model: "qwen", messages: withText(image(DATA)) }, false), {
    status: 400,
    code: "unsupported_parameter",
    message: /image/,
  });
  const { headers } = await chat(lab, { model: "look", messages: withText(image(DATA)) }, false);
  assert.equal(headers.get("x-switchyard-target"), "claude");
  assert.equal(lab.emulator.requests().length, 1);
});

test("a file by its id at OpenAI is refused and named", async () => {
  await using lab = await startLab();
  await assert.rejects(
    chat(lab, { model: "claude", messages: withText({ type: "file", file: { file_id: "file-1" } }) }, false),
    { status: 400, message: /file_id/ },
  );
});

test("sound is refused by a model that does not hear", async () => {
  await using lab = await startLab();
  const sound: Part = { type: "input_audio", input_audio: { data: "UklGRgAAAABXQVZF", format: "wav" } };
  await assert.rejects(chat(lab, { model: "claude", messages: withText(sound) }, false), {
    status: 400,
    message: /audio/,
  });
  assert.equal((await chat(lab, { model: "claude", messages: ask("Hello") }, false)).finish, "stop");
});
