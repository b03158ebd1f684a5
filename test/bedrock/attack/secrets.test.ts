import assert from "node:assert/strict";
import test from "node:test";
import { writeEvent, writeException, writeFrame } from "../../../src/core/event-stream.ts";
import type { TestGateway } from "../../support/gateway.ts";
import {
  API_KEY,
  callModel,
  CHAT,
  converseReply,
  delta,
  ending,
  event,
  SAY,
  sendJson,
  sendStream,
  startScripted,
  streamOf,
  type Scripted,
} from "../traps/support.ts";
import { recordOf } from "./support.ts";

const escaped = (text: string): string =>
  Buffer.from(text)
    .toString("hex")
    .replaceAll(/../g, (hex) => `\\u00${hex}`);

/** Every way in which clients are answered. */
const ASKS: Readonly<Record<string, (gateway: TestGateway) => Promise<Response>>> = {
  chat: (gateway) => gateway.chat(CHAT),
  "streamed chat": (gateway) => gateway.chat({ ...CHAT, stream: true }),
  Converse: (gateway) => callModel(gateway, "converse", SAY("hi")),
  ConverseStream: (gateway) => callModel(gateway, "converse-stream", SAY("hi")),
  InvokeModel: (gateway) => callModel(gateway, "invoke", { prompt: "hi" }),
  "streamed InvokeModel": (gateway) => callModel(gateway, "invoke-with-response-stream", { prompt: "hi" }),
  CountTokens: (gateway) => callModel(gateway, "count-tokens", { input: { converse: SAY("hi") } }),
};

/** Whatever was answered, neither the client nor the record has the key, however it is spelt. */
async function assertNoKey({ gateway }: Scripted, what: string): Promise<void> {
  for (const [name, ask] of Object.entries(ASKS)) {
    const reply = await ask(gateway);
    const bytes = Buffer.from(await reply.arrayBuffer());
    const head = JSON.stringify([...reply.headers]);
    const record = JSON.stringify(await recordOf(gateway, `${what}, ${name}`), (_key, value: unknown) =>
      typeof value === "bigint" ? String(value) : value,
    );
    const all = head + bytes.toString("latin1").replaceAll(/[^ -~]/g, ".") + record;
    for (const spelt of [
      API_KEY,
      API_KEY.replaceAll("/", "\\/"),
      escaped(API_KEY),
      encodeURIComponent(API_KEY),
      Buffer.from(API_KEY).toString("base64").slice(0, 40),
    ]) {
      const at = all.indexOf(spelt);
      assert.equal(
        at,
        -1,
        `${what}, ${name}: the client can read our key: …${all.slice(Math.max(0, at - 150), at + 60)}…`,
      );
    }
  }
}

const refusal = (message: string): string => JSON.stringify({ message });
const BODIES: Readonly<Record<string, string>> = {
  "in the message": refusal(`The key ${API_KEY} is not valid.`),
  "in Message": JSON.stringify({ Message: API_KEY }),
  "beside the message": JSON.stringify({ message: "no", key: API_KEY }),
  "in a member's name": JSON.stringify({ message: "no", [API_KEY]: 1 }),
  "with escaped slashes": refusal(API_KEY).replaceAll("/", "\\/"),
  "with every character escaped": '{"message":"KEY"}'.replace("KEY", () => escaped(API_KEY)),
  "as text": `bad key ${API_KEY}`,
  "in a page": `<html>${API_KEY}</html>`,
  "as the type": JSON.stringify({ __type: API_KEY, message: "no" }),
};
const CLASSES = [
  "ValidationException",
  "ThrottlingException",
  "AccessDeniedException",
  "ResourceNotFoundException",
  "ModelErrorException",
  "NewException",
];

for (const [where, body] of Object.entries(BODIES)) {
  test(`a refusal that repeats our key ${where} does not take it to a client or the record`, async () => {
    let status = 400;
    let errorType: string | undefined;
    await using pair = await startScripted((_request, response) =>
      sendJson(response, body, status, errorType === undefined ? {} : { "x-amzn-errortype": errorType }),
    );
    for (errorType of [undefined, ...CLASSES]) {
      for (status of [400, 403, 404, 408, 424, 429, 500, 503]) {
        await assertNoKey(pair, `${status} ${errorType}`);
      }
    }
  });
}

test("headers of refusals and replies that repeat our key keep it to themselves", async () => {
  let status = 200;
  await using pair = await startScripted((request, response) => {
    const headers = {
      "x-amzn-requestid": API_KEY,
      "x-amzn-errortype": API_KEY,
      "x-amzn-bedrock-content-type": `application/json; key=${API_KEY}`,
      "x-amzn-bedrock-invocation-latency": API_KEY,
      "x-amzn-bedrock-service-tier": API_KEY,
      "x-amzn-bedrock-input-token-count": API_KEY,
      "retry-after": API_KEY,
      "x-amz-retry-after": API_KEY,
      authorization: `Bearer ${API_KEY}`,
      "set-cookie": API_KEY,
      location: `https://example.invalid/?key=${encodeURIComponent(API_KEY)}`,
    };
    if (status === 200 && request.path.includes("stream")) {
      response.writeHead(200, { ...headers, "content-type": "application/vnd.amazon.eventstream" });
      response.end(Buffer.concat(streamOf()));
    } else
      sendJson(response, status === 200 ? converseReply([{ text: "x" }]) : refusal("no"), status, headers);
  });
  for (status of [200, 302, 400, 403, 404, 429, 500]) await assertNoKey(pair, String(status));
});

test("a content type, a content encoding and a reason that repeat our key stay upstream", async () => {
  for (const head of [{ "content-type": `text/x; ${API_KEY}` }, { "content-encoding": API_KEY }]) {
    await using pair = await startScripted((_request, response) => {
      response.writeHead(200, API_KEY, head);
      response.end(converseReply([{ text: "x" }]));
    });
    await assertNoKey(pair, JSON.stringify(Object.keys(head)));
  }
});

const text = JSON.stringify({ message: `bad key ${API_KEY}` });
const FRAMES: Readonly<Record<string, Buffer>> = {
  "an exception's message": writeException("validationException", text),
  "a throttle's message": writeException("throttlingException", text),
  "an exception of a new class": writeException("newException", text),
  "an exception beside its message": writeException(
    "throttlingException",
    JSON.stringify({ message: "no", key: API_KEY }),
  ),
  "an exception with escaped slashes": writeException("throttlingException", text.replaceAll("/", "\\/")),
  "an exception with every character escaped": writeException(
    "throttlingException",
    '{"message":"KEY"}'.replace("KEY", () => escaped(API_KEY)),
  ),
  "an exception's class": writeException(API_KEY, '{"message":"no"}'),
  "an exception that is no JSON": writeException("internalServerException", `bad ${API_KEY}`),
  "a header of an exception": writeFrame(
    { ":exception-type": "throttlingException", ":message-type": "exception", "x-key": API_KEY },
    '{"message":"no"}',
  ),
  "the message of an error frame": writeFrame(
    { ":message-type": "error", ":error-code": "InternalFailure", ":error-message": `bad ${API_KEY}` },
    "",
  ),
  "the code of an error frame": writeFrame(
    { ":message-type": "error", ":error-code": API_KEY, ":error-message": "no" },
    "",
  ),
  "the payload of an error frame": writeFrame(
    { ":message-type": "error", ":error-code": "InternalFailure", ":error-message": "no" },
    text,
  ),
};

for (const [where, frame] of Object.entries(FRAMES)) {
  for (const before of [0, 2]) {
    test(`our key in ${where}, ${before === 0 ? "first" : "in mid-stream"}, reaches no client and no record`, async () => {
      const frames = [event("messageStart", { role: "assistant" }), delta(0, { text: "x" })].slice(0, before);
      await using pair = await startScripted((_request, response) =>
        sendStream(response, [...frames, frame]),
      );
      await assertNoKey(pair, where);
    });
  }
}

/** What JSON.parse says of them quotes them. */
const UNREADABLE: Readonly<Record<string, string>> = {
  "that is the key": API_KEY,
  "that begins with the key": `${API_KEY} and more than forty characters behind it, so that it is cut`,
  "with the key where a value should be": `{"usage":${API_KEY}}`,
};

for (const [what, payload] of Object.entries(UNREADABLE)) {
  for (const type of ["messageStop", "metadata", "contentBlockDelta", "chunk"]) {
    test(`a ${type} ${what} and no JSON takes it to no error and no record`, async () => {
      const frames = [
        event("messageStart", { role: "assistant" }),
        ...(type === "metadata" ? ending("end_turn").slice(0, 1) : []),
        writeEvent(type, payload),
      ];
      await using pair = await startScripted((_request, response) => sendStream(response, frames));
      for (const [name, ask] of Object.entries(ASKS)) {
        const reply = await ask(pair.gateway);
        const bytes = Buffer.from(await reply.arrayBuffer());
        const record = await recordOf(pair.gateway, name);
        const own = `${record.message} ${JSON.stringify(record.attempts.map(({ cause }) => cause))}`;
        assert.ok(!own.includes(API_KEY.slice(0, 8)), `${name}: ${own}`);
        if (reply.status === 200) continue;
        assert.ok(!bytes.toString().includes(API_KEY.slice(0, 8)), `${name}: ${bytes.toString()}`);
      }
    });
  }
}

test("a plain reply that is no JSON takes our key to no error and no record", async () => {
  let body = "";
  await using pair = await startScripted((_request, response) => sendJson(response, body));
  for (body of [API_KEY, `<html>${API_KEY}</html>`, `{"usage":${API_KEY}}`]) {
    for (const name of ["chat", "Converse"]) {
      const reply = await (ASKS[name] as (typeof ASKS)[string])(pair.gateway);
      const said = await reply.text();
      assert.ok(reply.status >= 500, said);
      assert.ok(!said.includes(API_KEY.slice(0, 8)), said);
      const record = await recordOf(pair.gateway);
      assert.ok(!`${record.message}${record.attempts[0]?.cause}`.includes(API_KEY.slice(0, 8)));
    }
  }
});
