import assert from "node:assert/strict";
import type { Socket } from "node:net";
import test from "node:test";
import fc from "fast-check";
import type { Usage } from "../../src/core/usage.ts";
import { OpenAiStream } from "../../src/providers/openai-compatible/stream.ts";
import type { ReplySink } from "../../src/providers/provider.ts";
import { chunk, DONE, FINISH, sse, USAGE, USAGE_FRAME, type Script } from "../support/engine.ts";
import { startGateway, targetsOn } from "../support/gateway.ts";
import { RawUpstream } from "./raw-upstream.ts";
import { assertAlive, HELLO, sleep, startPair, type Pair } from "./support.ts";

const frame = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const withUsage = (usage: unknown, choices: unknown[] = []): string =>
  frame({ id: "c1", object: "chat.completion.chunk", choices, usage });

/** Texts that look like what the gateway searches for, and characters that others take for line ends. */
const TRICKY = [
  "usage",
  "error",
  '"usage"',
  '{"usage":{"prompt_tokens":9999,"completion_tokens":9999}}',
  '"usage":{',
  "[DONE]",
  "data: [DONE]\n\n",
  '{"error"',
  '{"error":{"message":"not one"}}',
  'data: {"error":{"message":"not one"}}\n\n',
  "\r\n\r\nevent: error\r\ndata: x\r\n\r\n",
  "\u2028\u2029\u0085\u000b\u000c",
  "\r",
  "\u0000\u0001\u001f\u007f",
  "\uFEFF",
  "\u{1F600}\u00e9\u4e16",
  "\\",
  '\\"usage\\":{',
  "</script><!--",
];

/** A stream with all that is odd and right, and what a client sees of it that did not ask for usage. */
const EVENTS: readonly (readonly [text: string, isSeen: boolean])[] = [
  [": a comment\n\n", true],
  [`event: message\nid: 7\nretry: 10\n${chunk("named")}`, true],
  ...TRICKY.map((text) => [chunk(text), true] as const),
  [frame({ id: "c1", choices: [{ index: 0, delta: { content: "a" } }], usage: null }), true],
  [withUsage({ prompt_tokens: 1, completion_tokens: 1 }, [{ index: 0, delta: { content: "b" } }]), true],
  ['data: {"choices":[],\ndata: "note":"two lines"}\n\n', true],
  [FINISH, true],
  [USAGE_FRAME, false],
  [DONE, true],
];
const WHOLE = EVENTS.map(([text]) => text).join("");
const SEEN = EVENTS.filter(([, isSeen]) => isSeen)
  .map(([text]) => text)
  .join("");

const FRAMINGS: Readonly<Record<string, (text: string) => string>> = {
  LF: (text) => text,
  CRLF: (text) => text.replaceAll("\n", "\r\n"),
};

/** What a sink hears of a stream that arrives in these pieces. */
function hear(pieces: readonly Buffer[]): {
  readonly bytes: string;
  readonly usage: Usage | undefined;
  readonly ends: string[];
} {
  const seen: Buffer[] = [];
  const ends: string[] = [];
  let usage: Usage | undefined;
  const sink: ReplySink = {
    alive: () => {},
    head: () => {},
    dropped: () => {},
    whole: () => ends.push("whole"),
    chunk: (bytes) => void seen.push(Buffer.from(bytes)),
    end: (last) => {
      seen.push(Buffer.from(last));
      ends.push("end");
    },
    usage: (found) => (usage = found === "invalid" ? undefined : found),
    fail: ({ kind }) => ends.push(kind),
  };
  const stream = new OpenAiStream(sink, true);
  for (const piece of pieces) stream.push(piece);
  stream.finish();
  return { bytes: Buffer.concat(seen).toString(), usage, ends };
}

const WANTED_USAGE = {
  inputTokens: 12,
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  outputTokens: 3,
  reasoningTokens: 0,
};

for (const [name, framed] of Object.entries(FRAMINGS)) {
  const bytes = Buffer.from(framed(WHOLE));
  const wanted = { bytes: framed(SEEN), usage: WANTED_USAGE, ends: ["end"] };

  test(`a stream framed by ${name} and cut in two at any byte is the same stream`, () => {
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(hear([bytes.subarray(0, at), bytes.subarray(at)]), wanted, `cut at ${at}`);
    }
  });

  test(`a stream framed by ${name} and cut anywhere, any number of times, is the same stream`, () => {
    const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 200 });
    fc.assert(
      fc.property(cuts, (places) => {
        const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
        const pieces = sorted.slice(1).map((to, index) => bytes.subarray(sorted[index], to));
        assert.deepEqual(hear(pieces), wanted);
      }),
    );
    assert.deepEqual(hear([...bytes].map((byte) => Buffer.from([byte]))), wanted);
  });

  test(`a stream framed by ${name} reaches the client to the byte, however the socket cuts it`, async () => {
    let pieces: readonly Buffer[] = [];
    const speak = async (socket: Socket): Promise<void> => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
      for (const piece of pieces) {
        socket.write(piece);
        await sleep(1);
      }
      socket.end();
    };
    await using upstream = await RawUpstream.start((socket) => void speak(socket));
    await using gateway = await startGateway(targetsOn(upstream.url, ["fine"]));
    const cuts = fc.array(fc.nat({ max: bytes.length }), { maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
        pieces = sorted.slice(1).map((to, index) => bytes.subarray(sorted[index], to));
        const response = await gateway.chat({ ...HELLO, stream: true });
        assert.equal(await response.text(), wanted.bytes);
        const record = await gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
        assert.deepEqual(record.usage, wanted.usage);
      }),
      { numRuns: 40 },
    );
  });
}

test("what a model says comes to the client as it was said, one event each", async () => {
  await using pair = await startPair();
  pair.engine.script = (_request, response) => {
    sse(response);
    for (const text of TRICKY) response.write(chunk(text));
    response.end(DONE);
  };
  const text = await (await pair.gateway.chat({ ...HELLO, stream: true })).text();
  const said = text
    .split("\n\n")
    .filter((event) => event.startsWith("data: {"))
    .map((event) => JSON.parse(event.slice(6)) as { choices: { delta: { content: string } }[] });
  assert.deepEqual(
    said.map(({ choices }) => choices[0]?.delta.content),
    TRICKY,
  );
});

/** A script that sends these bytes as an event stream and ends. */
const streaming =
  (...events: string[]): Script =>
  (_request, response) => {
    sse(response);
    response.end(events.join(""));
  };

async function streamOnce(
  pair: Pair,
  script: Script,
): Promise<{ readonly text: string; readonly id: string }> {
  pair.engine.script = script;
  const response = await pair.gateway.chat({ ...HELLO, stream: true });
  return { text: await response.text(), id: response.headers.get("x-switchyard-exchange") ?? "" };
}

const usageOf = (usage: object): Usage => ({
  cachedInputTokens: 0,
  cacheWriteInputTokens: 0,
  reasoningTokens: 0,
  inputTokens: 0,
  outputTokens: 0,
  ...usage,
});

/** Where engines put usage, what of it a client sees that did not ask, and what is booked. */
const USAGES: Readonly<
  Record<string, readonly [events: string[], hidden: number[], booked: Usage | undefined]>
> = {
  "null on every chunk": [
    [withUsage(null, [{}]), withUsage(null), USAGE_FRAME],
    [2],
    usageOf({ inputTokens: 12, outputTokens: 3 }),
  ],
  "on a chunk with choices": [
    [withUsage({ ...USAGE, prompt_tokens: 5 }, [{}])],
    [],
    usageOf({ inputTokens: 5, outputTokens: 3 }),
  ],
  "twice, of which the last counts": [
    [
      withUsage({ prompt_tokens: 1, completion_tokens: 1 }),
      withUsage({ prompt_tokens: 2, completion_tokens: 7 }),
    ],
    [0, 1],
    usageOf({ inputTokens: 2, outputTokens: 7 }),
  ],
  "before the content": [[USAGE_FRAME, chunk("a")], [0], usageOf({ inputTokens: 12, outputTokens: 3 })],
  "with details": [
    [
      withUsage({
        prompt_tokens: 9,
        completion_tokens: 8,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 2 },
      }),
    ],
    [0],
    { inputTokens: 9, cachedInputTokens: 4, cacheWriteInputTokens: 0, outputTokens: 8, reasoningTokens: 2 },
  ],
  negative: [[withUsage({ prompt_tokens: -5, completion_tokens: 3 }, [{}])], [], undefined],
  fractional: [[withUsage({ prompt_tokens: 1.5, completion_tokens: 3 }, [{}])], [], undefined],
  "beyond what a number holds": [
    ['data: {"choices":[{}],"usage":{"prompt_tokens":1e999}}\n\n'],
    [],
    undefined,
  ],
  "as text": [[withUsage({ prompt_tokens: "5", completion_tokens: "3" }, [{}])], [], undefined],
  "somewhere inside": [[frame({ choices: [], x: { usage: { prompt_tokens: 5 } } })], [], undefined],
  "as a list": [[withUsage([{ prompt_tokens: 5 }], [{}])], [], undefined],
};

for (const [what, [events, hidden, booked]] of Object.entries(USAGES)) {
  test(`usage ${what}: booked for what it is, and only frames of usage alone are taken out`, async () => {
    await using pair = await startPair();
    const { text, id } = await streamOnce(pair, streaming(...events, FINISH, DONE));
    assert.equal(text, events.filter((_, index) => !hidden.includes(index)).join("") + FINISH + DONE);
    const record = await pair.gateway.record(id);
    if (booked !== undefined) assert.deepEqual(record.usage, booked);
    assert.equal(record.status, "answered");
    // What was not told is estimated, and says so.
    assert.equal(record.estimated, booked === undefined);
  });
}

test("a frame of usage alone that makes no sense is taken out as well: nobody asked for it", async () => {
  await using pair = await startPair();
  for (const usage of [{ prompt_tokens: -5, completion_tokens: 3 }, { total_tokens: 5 }, {}]) {
    const { text } = await streamOnce(pair, streaming(chunk("a"), withUsage(usage), DONE));
    assert.equal(text, chunk("a") + DONE);
  }
});

test("what comes after the end marker is neither passed nor waited for", async () => {
  await using pair = await startPair();
  const { text } = await streamOnce(pair, (_request, response) => {
    sse(response);
    response.write(chunk("a") + DONE + chunk("late"));
    setTimeout(() => response.end(chunk("later")), 50);
  });
  assert.equal(text, chunk("a") + DONE);
  await assertAlive(pair);
});

test("an end marker without its blank line is an end all the same", async () => {
  await using pair = await startPair();
  for (const last of ["data: [DONE]", "data: [DONE]\n", "data:[DONE]\r\n"]) {
    const { text, id } = await streamOnce(pair, streaming(chunk("a"), last));
    assert.equal(text.replaceAll(/\s+$/g, ""), (chunk("a") + last).trimEnd());
    assert.match(text, /\r?\n\r?\n$/);
    assert.equal((await pair.gateway.record(id)).status, "answered");
  }
});

test("a media type is what it is in any case and with any parameters", async () => {
  await using pair = await startPair();
  for (const type of ["Text/Event-Stream", "text/event-stream;charset=utf-8", "text/event-stream ; x=y"]) {
    const { text } = await streamOnce(pair, (_request, response) => {
      response.writeHead(200, { "content-type": type });
      response.end(chunk("a") + DONE);
    });
    assert.equal(text, chunk("a") + DONE, type);
  }
});

test("two hundred streams at once: each client reads its own, each record books its own", async () => {
  await using pair = await startPair();
  pair.engine.script = async (request, response) => {
    const { user } = JSON.parse(request.raw.toString()) as { user: string };
    sse(response);
    for (let index = 0; index < 5; index++) {
      response.write(chunk(`${user}/${index}`));
      await sleep(Math.random() * 10);
    }
    response.end(withUsage({ prompt_tokens: Number(user), completion_tokens: 1 }) + DONE);
  };
  const all = Array.from({ length: 200 }, async (_, index) => {
    const response = await pair.gateway.chat({ ...HELLO, stream: true, user: String(index) });
    const wanted = [0, 1, 2, 3, 4].map((part) => chunk(`${index}/${part}`)).join("") + DONE;
    assert.equal(await response.text(), wanted);
    const record = await pair.gateway.record(response.headers.get("x-switchyard-exchange") ?? "");
    assert.equal(record.usage?.inputTokens, index);
  });
  await Promise.all(all);
  await assertAlive(pair);
});
