import assert from "node:assert/strict";
import test from "node:test";
import { assistant, HI, text, user, write, type Part } from "./bodies.ts";
import { judge, type Case, type Json } from "./cases.ts";
import type { Dialect } from "./clients.ts";
import { startWorld, type Target } from "./world.ts";

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF = Buffer.from("%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF").toString("base64");
const image = (data: string, type = "image/png"): Part => ({ image: { type, data } });
const file = (name: string, data = PDF): Part => ({ file: { name, data } });

type Expected = Omit<Case, "body">;

const NO_BASE64: Expected = {
  openai: /messages\[0\]\.content\[1\]\.image_url\.url: expected base64/,
  responses: /input\[1\]\.content\[0\]\.image_url: expected base64/,
  anthropic: /messages\.0\.content\.1\.image\.source\.base64/,
  bedrock: /messages\.0\.content\.1\.image\.source\.bytes: expected base64/,
};
const NO_FILE: Expected = {
  openai: /messages\[0\]\.content\[1\]\.file\.file_data: expected base64/,
  responses: /input\[1\]\.content\[0\]\.file_data: expected base64/,
  anthropic: /messages\.0\.content\.1\.document\.source\.base64/,
  bedrock: /messages\.0\.content\.1\.document\.source\.bytes: expected base64/,
};

function imageOf(body: Json, target: Target): string {
  const content: Json[] = body.messages.flatMap(({ content: parts }: Json) =>
    typeof parts === "string" ? [] : parts,
  );
  if (target === "eng") return content.find(({ image_url: url }) => url !== undefined).image_url.url;
  if (target === "ant") return content.find(({ type }) => type === "image").source.data;
  return content.find(({ image: block }) => block !== undefined).image.source.bytes;
}

const SAME_IMAGE: Expected = {
  all: "served",
  anthropic: /invalid base64 data/,
  got: (body, target) => assert.ok(imageOf(body, target).endsWith(PNG)),
};

const CASES: Readonly<Record<string, readonly [readonly Part[], Expected]>> = {
  "a picture of no bytes": [[image("")], NO_BASE64],
  "a picture that is no base64": [[image("!!!!")], NO_BASE64],
  "a picture of half a byte": [[image(`${PNG.slice(0, 64)}A`)], NO_BASE64],
  "a picture in the alphabet of addresses": [
    [image(PNG.replaceAll("+", "-").replaceAll("/", "_"))],
    SAME_IMAGE,
  ],
  "a picture in lines": [[image(`${PNG.slice(0, 40)}\r\n${PNG.slice(40)}`)], SAME_IMAGE],
  "a picture of another type than it says": [
    [image(PNG, "image/jpeg")],
    { all: "served", got: (body, target) => assert.ok(imageOf(body, target).endsWith(PNG)) },
  ],
  "a picture of odd type": [[image(PNG, 'image/"><\n')], { all: "served" }],
  "a picture that is a text": [
    [image(Buffer.from("hello there").toString("base64"))],
    { all: "served", but: { "openai>aws": "theirs", "responses>aws": "theirs" } },
  ],
  "a picture of a format that few take": [
    [image(Buffer.from("BM\0\0\0\0\0\0\0\0").toString("base64"), "image/bmp")],
    {
      all: /format that (Converse|Messages) does not take: bmp/,
      anthropic: "served",
      but: { "responses>eng": "served", "bedrock>eng": "served" },
    },
  ],
  "a hundred pictures": [
    Array.from({ length: 100 }, () => image(PNG)),
    // Bedrock takes twenty, and says so.
    { all: "served", but: { "openai>aws": "theirs", "responses>aws": "theirs" } },
  ],
  "a PDF of no bytes": [[file("a.pdf", "")], NO_FILE],
  "a PDF with an odd name": [[file('../..\u0000\u202e"é.pdf')], { all: "served" }],
  "a PDF without a name": [[file("")], { all: "served" }],
  "a PDF named like an object's own part": [[file("__proto__")], { all: "served" }],
};

for (const [what, [parts, expected]] of Object.entries(CASES)) {
  test(`media: ${what}`, async () => {
    await using world = await startWorld();
    const body = (dialect: Dialect): object => write(dialect, { turns: [user(text("x"), ...parts)] });
    await judge(world, what, { ...expected, body });
  });
}

test("media: a picture of the assistant's is refused wherever it is translated", async () => {
  await using world = await startWorld();
  await judge(world, "its own picture", {
    body: (dialect) => write(dialect, { turns: [HI, assistant(image(PNG)), HI] }),
    all: /image of the assistant/,
    bedrock: /Assistant messages cannot contain the image content block at messages\.1\.content\.0/,
  });
});

const ADDRESSES: Readonly<Record<string, RegExp>> = {
  "data:image/png,abc": /expected base64 in the data: URL|Only HTTPS/,
  "data:image/png;base64,!!": /expected base64|Only HTTPS/,
  "data:": /expected base64|Only HTTPS/,
  "file:///etc/passwd": /expected a data: URL or an address|Only HTTPS/,
  "gs://bucket/object": /expected a data: URL or an address|Only HTTPS/,
  "javascript:alert(1)": /expected a data: URL or an address|Only HTTPS/,
};

function addressed(dialect: Dialect, url: string): object | undefined {
  if (dialect === "openai")
    return { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] };
  if (dialect === "responses")
    return { input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }] };
  if (dialect === "bedrock") return undefined;
  const content = [{ type: "image", source: { type: "url", url } }];
  return { max_tokens: 10, messages: [{ role: "user", content }] };
}

test("media: an address that is none is refused with its place", async () => {
  await using world = await startWorld();
  for (const [url, all] of Object.entries(ADDRESSES))
    await judge(world, url, { body: (dialect) => addressed(dialect, url), all });
});

test("media: sound that is no base64 is refused with its place", async () => {
  await using world = await startWorld();
  const part = { type: "input_audio", input_audio: { data: "!!", format: "wav" } };
  await judge(world, "sound", {
    body: (dialect) =>
      dialect === "openai"
        ? { messages: [{ role: "user", content: [part] }] }
        : dialect === "responses"
          ? { input: [{ role: "user", content: [part] }] }
          : undefined,
    all: /input_audio\.data: expected base64/,
  });
});
