import assert from "node:assert/strict";
import test from "node:test";
import type { MediaPart } from "../../../../core/chat.ts";
import {
  assistant,
  call,
  HAIKU_3,
  LLAMA,
  NOVA_2,
  NOVA_PRO,
  SONNET_45,
  told,
  tool,
  user,
  write,
  type Body,
} from "../support.test.ts";
import { bedrockModel } from "../../../../catalog/bedrock-models.ts";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n0000", "latin1").toString("base64");
const JPEG = Buffer.from("\xff\xd8\xff\xe00000", "latin1").toString("base64");
const PDF = Buffer.from("%PDF-1.7\n").toString("base64");

function media(
  type: MediaPart["type"],
  source: MediaPart["source"],
  format?: string,
  name?: string,
): MediaPart {
  return { type, source, format, name };
}

test("an image's format is what its first bytes say, whatever the label", () => {
  const { body } = write({
    messages: [user(media("image", { base64: JPEG }, "png"), media("image", { base64: PNG }, "jpg"))],
  });
  assert.deepEqual(body.messages[0].content, [
    { image: { format: "jpeg", source: { bytes: JPEG } } },
    { image: { format: "png", source: { bytes: PNG } } },
  ]);
});

test("where the bytes say nothing the label counts, and image/jpg is jpeg", () => {
  const { body } = write({ messages: [user(media("image", { base64: "AAAA" }, "jpg"))] });
  assert.equal(body.messages[0].content[0].image.format, "jpeg");
});

test("an image that Converse does not take, or that is none, cannot be said", () => {
  const cases: [MediaPart, string][] = [
    [media("image", { base64: "AAAA" }, "svg+xml"), "has a format that Converse does not take: svg"],
    [media("image", { base64: "AAAA" }), "has a format that Converse does not take: unknown"],
    [
      media("image", { base64: "AAAA" }, "constructor"),
      "has a format that Converse does not take: constructor",
    ],
    [media("image", { base64: "" }, "png"), "is empty"],
    [
      media("image", { url: "https://example.org/a.png" }),
      "is named by an address, and Converse fetches none",
    ],
    [
      media("image", { s3: { uri: "s3://b/a.png", bucketOwner: undefined } }),
      "is named by its place in S3, where this model does not look",
    ],
  ];
  for (const [part, why] of cases) {
    const written = write({ messages: [user(part)] });
    assert.deepEqual(told(written), [`!an image ${why}`]);
    assert.deepEqual(written.body.messages, [{ role: "user", content: [{ text: "." }] }]);
  }
});

test("what a model does not understand cannot be said to it", () => {
  for (const [type, model] of [
    ["image", LLAMA],
    ["video", SONNET_45],
    ["audio", NOVA_PRO],
    ["document", bedrockModel("qwen.qwen3-32b-v1:0")],
  ] as const)
    assert.match(
      told(write({ messages: [user("x", media(type, { base64: PNG }, "png"))] }, model))[0] ?? "",
      /^!.* is not understood by this model$/,
    );
});

test("names of documents are of the allowed characters, unique, and without their ending", () => {
  const pdf = (name?: string): MediaPart => media("document", { base64: PDF }, "pdf", name);
  const { body } = write({
    messages: [
      user("read", pdf("報告　2026.v1.pdf"), pdf("a\tb_c.pdf"), pdf("Report.pdf"), pdf("report.docx"), pdf()),
      assistant("done"),
      user("again", pdf("Report.pdf"), pdf("x".repeat(300))),
    ],
  });
  const names = body.messages.flatMap(({ content }: Body) =>
    content.flatMap((block: Body) => block.document?.name ?? []),
  );
  assert.deepEqual(names, [
    "2026 v1",
    "a b c",
    "Report",
    "report (2)",
    "Document 5",
    "Report (3)",
    "x".repeat(200),
  ]);
});

test("a message of documents alone gets a text", () => {
  const { content } = write({ messages: [user(media("document", { base64: PDF }, undefined, "a.pdf"))] }).body
    .messages[0];
  assert.deepEqual(content, [
    { document: { format: "pdf", name: "a", source: { bytes: PDF } } },
    { text: "The document is attached." },
  ]);
});

test("what reads as text is a text document, and other bytes of unknown kind are refused", () => {
  const json = Buffer.from('{"a": 1}').toString("base64");
  const format = (part: MediaPart): unknown =>
    write({ messages: [user("x", part)] }).body.messages[0].content[1]?.document?.format;
  assert.equal(format(media("document", { base64: json }, "json")), "txt");
  assert.equal(format(media("document", { text: "# a" }, "markdown")), "md");
  assert.equal(format(media("document", { text: "a" }, "pdf")), "txt");
  assert.equal(
    format(media("document", { base64: Buffer.from("PK\x03\x04").toString("base64") }, "pptx")),
    undefined,
  );
});

test("a text document goes as its bytes", () => {
  const { body } = write({ messages: [user("x", media("document", { text: "héllo" }))] });
  assert.equal(Buffer.from(body.messages[0].content[1].document.source.bytes, "base64").toString(), "héllo");
});

test("a place in S3 is named to models that look there", () => {
  const { body } = write(
    { messages: [user("x", media("video", { s3: { uri: "s3://b/a.mov", bucketOwner: "123456789012" } }))] },
    NOVA_PRO,
  );
  assert.deepEqual(body.messages[0].content[1], {
    video: { format: "mov", source: { s3Location: { uri: "s3://b/a.mov", bucketOwner: "123456789012" } } },
  });
});

test("a video's format has Converse's own word", () => {
  const { body } = write({ messages: [user("x", media("video", { base64: "AAAA" }, "3gpp"))] }, NOVA_PRO);
  assert.equal(body.messages[0].content[1].video.format, "three_gp");
});

function resultOf(...content: MediaPart[]): Parameters<typeof write>[0] {
  return {
    tools: [tool("look")],
    messages: [
      user("x"),
      assistant(call("a")),
      user({ type: "tool-result", id: "a", content, isError: false }),
    ],
  };
}

test("media stand inside a tool's result where the model takes them there", () => {
  const { body } = write(
    resultOf(media("image", { base64: PNG }), media("document", { base64: PDF })),
    HAIKU_3,
  );
  assert.deepEqual(
    body.messages[2].content[0].toolResult.content.map((block: object) => Object.keys(block)[0]),
    ["image", "document"],
  );
});

test("what a result cannot hold follows it, and the result says so", () => {
  const { body, lost } = write(resultOf(media("document", { base64: PDF }, undefined, "a.pdf")), NOVA_2);
  assert.deepEqual(body.messages[2].content, [
    { toolResult: { toolUseId: "a", content: [{ text: "It is attached below: a" }] } },
    { text: "Attached to the result: a" },
    { document: { format: "pdf", name: "a", source: { bytes: PDF } } },
  ]);
  assert.deepEqual(lost, []);
  const glm = write(resultOf(media("image", { base64: PNG })), bedrockModel("moonshotai.kimi-k2.5"));
  assert.deepEqual(Object.keys(glm.body.messages[2].content[2]), ["image"]);
});

test("an image of the assistant's cannot be said", () => {
  const written = write({
    messages: [user("x"), assistant("y", media("image", { base64: PNG })), user("z")],
  });
  assert.deepEqual(told(written), ["!image of the assistant stands in user messages alone in Converse"]);
});
