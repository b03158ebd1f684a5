import assert from "node:assert/strict";
import test from "node:test";
import { chunk, DONE, FINISH, type Script } from "../support/engine.ts";
import { openStream, part, pieces } from "./endpoint.ts";
import { startSetup } from "./setup.ts";

/** Whatever a container streams: cut anywhere, it is an error for the client and never a normal end. */

const CHAT_LINES = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "Ü" }, finish_reason: null }] },
  { choices: [{ index: 0, delta: { content: "b" }, finish_reason: "stop" }] },
]
  .map((line) => `${JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, ...line })}\n`)
  .join("");
const DETAILS = { finish_reason: "eos_token", generated_tokens: 2 };
const TOKENS = [
  { token: { id: 1, text: "Ü" } },
  { token: { id: 2, text: "b" }, generated_text: "Üb", details: DETAILS },
].map((line) => JSON.stringify(line));

const STREAMS = [
  ["events of OpenAI", "openai", chunk("Ü") + chunk("b") + FINISH + DONE],
  ["lines of OpenAI", "openai", CHAT_LINES],
  ["events of TGI", "tgi", TOKENS.map((line) => `data:${line}\n\n`).join("")],
  ["lines of LMI", "djl", TOKENS.map((line) => `${line}\n`).join("")],
] as const;

const PART_BYTES = 53;

for (const [name, payload, text] of STREAMS) {
  for (const isClean of [true, false]) {
    test(`${name}, cut ${isClean ? "and closed as if all were there" : "with the connection"}, are never a normal end`, async () => {
      const frames = pieces(text, PART_BYTES).map(part);
      const whole = Buffer.concat(frames);
      // When the last line's text is there all is told: its own end may be missing.
      const needed = Buffer.byteLength(text.trimEnd());
      const complete = Buffer.concat(frames.slice(0, Math.ceil(needed / PART_BYTES))).length;
      // Each request says how much of the stream it gets.
      const script: Script = ({ raw }, response) => {
        const bytes = Number(/cut at (\d+)/.exec(raw.toString())?.[1]);
        openStream(response);
        response.flushHeaders();
        response.write(whole.subarray(0, bytes), () => {
          if (isClean) response.end();
          else response.destroy();
        });
      };
      await using setup = await startSetup(script, { payload });
      const ask = (bytes: number): Promise<Response> =>
        setup.gateway.chat({
          model: "chat",
          messages: [{ role: "user", content: `cut at ${bytes}` }],
          stream: true,
        });
      const check = async (bytes: number): Promise<void> => {
        const reply = await ask(bytes);
        const told = await reply.text();
        const what = `${bytes} of ${whole.length} bytes`;
        assert.doesNotMatch(told, /\[DONE\]/, what);
        if (reply.status === 200) assert.match(told, /data: \{"error":\{[^\n]*\}\n\n$/, what);
        else assert.equal(reply.status, 502, what);
      };
      const step = isClean ? 1 : 7;
      const lengths = Array.from({ length: Math.ceil(complete / step) }, (_, index) => index * step);
      while (lengths.length > 0) await Promise.all(lengths.splice(0, 16).map(check));
      const { records, bugs } = setup.gateway;
      assert.ok(records.length >= 50);
      assert.ok(records.every(({ status }) => status === "failed"));
      assert.deepEqual(bugs, []);
      if (!isClean) return;
      assert.match(await (await ask(whole.length)).text(), /"content":"Ü"[^]*"content":"b"[^]*\[DONE\]/);
    });
  }
}
