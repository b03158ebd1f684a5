import assert from "node:assert/strict";
import test from "node:test";
import { FrameReader } from "../../../src/core/event-stream.ts";
import type { TestGateway } from "../../support/gateway.ts";
import {
  callModel,
  CHAT,
  delta,
  ending,
  event,
  openStream,
  SAY,
  startScripted,
  stop,
  toolStart,
} from "../traps/support.ts";
import { recordOf } from "./support.ts";

const WHOLE = Buffer.concat([
  event("messageStart", { role: "assistant" }),
  delta(0, { text: "Hello " }),
  delta(0, { text: "there." }),
  stop(0),
  toolStart(1, "tooluse_a", "alpha"),
  delta(1, { toolUse: { input: '{"x":1}' } }),
  stop(1),
  ...ending("tool_use"),
]);

/** How a client asks, and what it was given: the whole reply, nothing but an error, or a part and then an error. */
interface Client {
  readonly name: string;
  ask(gateway: TestGateway): Promise<Response>;
  judge(status: number, bytes: Buffer, what: string): "whole" | "error";
}

let openAiWhole = "";

/** Without ids and times, which differ between replies. */
const plain = (text: string): string =>
  text.replaceAll(/"id":"chatcmpl-[^"]*"/g, "").replaceAll(/"created":\d+/g, "");

const CLIENTS: readonly Client[] = [
  {
    name: "OpenAI",
    ask: (gateway) => gateway.chat({ ...CHAT, stream: true }),
    judge(status, bytes, what) {
      const text = bytes.toString();
      if (status !== 200) {
        assert.equal(status, 502, what);
        assert.match(text, /^\{"error":\{/);
        return "error";
      }
      if (text.includes("[DONE]")) {
        openAiWhole = openAiWhole === "" ? plain(text) : openAiWhole;
        assert.equal(plain(text), openAiWhole, what);
        return "whole";
      }
      const events = text.split("\n\n").filter((part) => part !== "");
      assert.match(events.at(-1) ?? "", /^data: \{"error":\{/, what);
      assert.ok(!events.slice(0, -1).some((part) => part.includes('"error"')), what);
      return "error";
    },
  },
  {
    name: "Converse",
    ask: (gateway) => callModel(gateway, "converse-stream", SAY("hi")),
    judge(status, bytes, what) {
      if (status !== 200) {
        assert.equal(status, 500, what);
        return "error";
      }
      if (bytes.equals(WHOLE)) return "whole";
      const reader = new FrameReader();
      const frames = reader.push(bytes);
      assert.equal(reader.pending, 0, what);
      assert.equal(frames.at(-1)?.kind, "exception", what);
      const before = Buffer.concat(frames.slice(0, -1).map((frame) => frame.bytes));
      assert.ok(before.equals(WHOLE.subarray(0, before.length)), `${what}: what came before is untouched`);
      assert.ok(before.length < WHOLE.length, what);
      return "error";
    },
  },
];

for (const client of CLIENTS) {
  let sent: Buffer = WHOLE;
  let end: "closed" | "reset" = "closed";
  const serve = () =>
    startScripted((_request, response) => {
      openStream(response);
      if (end === "closed") return void response.end(sent);
      response.write(sent);
      setImmediate(() => response.destroy());
    });

  const attempt = async (gateway: TestGateway, wanted: "whole" | "error", what: string): Promise<void> => {
    const reply = await client.ask(gateway);
    const bytes = Buffer.from(await reply.arrayBuffer());
    assert.equal(client.judge(reply.status, bytes, what), wanted, what);
    const record = await recordOf(gateway, what);
    assert.equal(record.status, wanted === "whole" ? "answered" : "failed", what);
    assert.equal(record.attempts.length, 1, what);
    // What was generated until then is paid for, and nobody told how much it was.
    if (wanted === "whole") assert.equal(record.estimated, false, what);
    else if (reply.status === 200) assert.equal(record.estimated, true, what);
  };

  test(`${client.name}: a stream cut at any byte is an error, and only the whole one is a reply`, async () => {
    await using pair = await serve();
    sent = WHOLE;
    end = "closed";
    await attempt(pair.gateway, "whole", "whole");
    for (let at = 0; at < WHOLE.length; at++) {
      sent = WHOLE.subarray(0, at);
      await attempt(pair.gateway, "error", `cut at ${at}`);
    }
  });

  test(`${client.name}: a stream with any byte flipped is an error`, async () => {
    await using pair = await serve();
    end = "closed";
    for (let at = 0; at < WHOLE.length; at++) {
      sent = Buffer.from(WHOLE);
      sent[at] = (sent[at] ?? 0) ^ (at % 2 === 0 ? 0x01 : 0x80);
      await attempt(pair.gateway, "error", `flipped at ${at}`);
    }
  });

  test(`${client.name}: a connection reset anywhere in a stream is an error`, async () => {
    await using pair = await serve();
    end = "reset";
    for (let at = 0; at < WHOLE.length; at += 37) {
      sent = WHOLE.subarray(0, at);
      await attempt(pair.gateway, "error", `reset at ${at}`);
    }
  });
}
