import { claudeModel } from "../src/catalog/claude-models.ts";
import { bedrockModel } from "../src/catalog/bedrock-models.ts";
import { writeEvent, FrameReader } from "../src/core/event-stream.ts";
import { readAnthropicChat } from "../src/gateway/dialects/anthropic/read-chat.ts";
import { anthropicWriter } from "../src/gateway/dialects/anthropic/write-chat.ts";
import { readConverse } from "../src/gateway/dialects/bedrock/read-chat.ts";
import { converseWriter } from "../src/gateway/dialects/bedrock/write-chat.ts";
import { readOpenAiChat } from "../src/gateway/dialects/openai/read-chat.ts";
import { openAiChatWriter } from "../src/gateway/dialects/openai/write-chat.ts";
import { MessagesEvents } from "../src/providers/anthropic-messages/read-stream.ts";
import { writeAnthropicMessages } from "../src/providers/anthropic-messages/write-request.ts";
import { signingAuthoriser } from "../src/providers/aws/auth.ts";
import { ConverseEvents } from "../src/providers/bedrock/converse/read-events.ts";
import { writeConverse } from "../src/providers/bedrock/converse/write-request.ts";
import type { Credentials } from "../src/providers/aws/credentials.ts";
import { OpenAiEvents } from "../src/providers/openai-chat/read-stream.ts";
import { writeOpenAiChat } from "../src/providers/openai-chat/write-request.ts";
import { median } from "./support.ts";

/**
 * What translation costs: microseconds of CPU a call, median of rounds, beside the parse of the same bytes in the same
 * run. Limits: 60 a request of 5 kB between OpenAI and Converse, 50 between OpenAI and Messages; 10 and 8 a streamed chunk;
 * 60 a signature.
 */
const parameters = {
  type: "object",
  properties: { city: { type: "string" }, days: { type: "integer" } },
  required: ["city"],
};
const openAi = Buffer.from(
  JSON.stringify({
    model: "sonnet",
    temperature: 0.2,
    max_tokens: 512,
    messages: [
      { role: "system", content: "You answer briefly. ".repeat(20) },
      { role: "user", content: "What is the weather in Paris and in Rome? ".repeat(50) },
      {
        role: "assistant",
        content: null,
        tool_calls: ["a", "b"].map((id) => ({
          id,
          type: "function",
          function: { name: "weather", arguments: '{"city":"Paris"}' },
        })),
      },
      { role: "tool", tool_call_id: "a", content: "sunny, 21 degrees ".repeat(20) },
      { role: "tool", tool_call_id: "b", content: "cloudy, 18 degrees ".repeat(20) },
      { role: "user", content: "And tomorrow? ".repeat(50) },
    ],
    tools: Array.from({ length: 4 }, (_, index) => ({
      type: "function",
      function: { name: `tool_${index}`, description: "Looks something up.", parameters },
    })),
  }),
);
const model = bedrockModel("anthropic.claude-sonnet-4-5-20250929-v1:0");
const wish = { model, outputCap: undefined, withoutThoughts: false, metadata: { switchyard_tenant: "acme" } };
const converse = Buffer.from(writeConverse({ chat: readOpenAiChat(openAi), ...wish }).body);
const messagesWish = {
  model: "m",
  abilities: claudeModel("claude-sonnet-4-5-20250929"),
  purpose: "stream",
  outputCap: undefined,
  withoutThoughts: false,
  autoCache: false,
} as const;
const messages = Buffer.from(writeAnthropicMessages({ chat: readOpenAiChat(openAi), ...messagesWish }).body);
const facts = { exchangeId: "x1", model: "sonnet", startedAtMs: 0, includeUsage: true };
const openAiHow = {
  model: "m",
  stream: true,
  outputCap: undefined,
  outputParam: "max_tokens",
  topK: true,
} as const;

const frame = writeEvent(
  "contentBlockDelta",
  '{"contentBlockIndex":0,"delta":{"text":" word"},"p":"abcdefghijklmnopqrstuv"}',
);
const event = Buffer.from(
  'data: {"id":"c","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}\n\n',
);
const toOpenAi = openAiChatWriter(facts);
const fromConverse = new ConverseEvents({ names: new Map(), schemaTool: undefined }, (one) =>
  toOpenAi.event(one),
);
fromConverse.read("messageStart", Buffer.from('{"role":"assistant"}'));
const delta = Buffer.from(
  'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word"}}\n\n',
);
const toOpenAiFromMessages = openAiChatWriter(facts);
const fromMessages = new MessagesEvents({ names: new Map(), schemaTool: undefined }, (one) =>
  toOpenAiFromMessages.event(one),
);
fromMessages.push(
  Buffer.from(
    'event: message_start\ndata: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}\n\nevent: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
  ),
);
const toMessages = anthropicWriter(facts);
const toMessagesFromOpenAi = new OpenAiEvents((one) => toMessages.event(one));
const frames = new FrameReader();
const toConverse = converseWriter(facts);
const fromOpenAi = new OpenAiEvents((one) => toConverse.event(one));

console.log(
  JSON.stringify({
    bench: "bytes of the request",
    openAi: openAi.length,
    converse: converse.length,
    messages: messages.length,
  }),
);
await time(
  "OpenAI chat to Converse, a request",
  () => writeConverse({ chat: readOpenAiChat(openAi), ...wish }).body,
);
await time("JSON.parse of the same", () => JSON.parse(openAi.toString()));
await time(
  "Converse to OpenAI chat, a request",
  () => writeOpenAiChat(readConverse(converse), openAiHow).body,
);
await time("JSON.parse of the same", () => JSON.parse(converse.toString()));
await time("Converse to OpenAI chat, a chunk", () => {
  for (const one of frames.push(frame)) fromConverse.read(one.type, one.payload);
});
await time("OpenAI chat to Converse, a chunk", () => fromOpenAi.push(event));
await time(
  "OpenAI chat to Messages, a request",
  () => writeAnthropicMessages({ chat: readOpenAiChat(openAi), ...messagesWish }).body,
);
await time(
  "Messages to OpenAI chat, a request",
  () => writeOpenAiChat(readAnthropicChat(messages), openAiHow).body,
);
await time("Messages to OpenAI chat, a chunk", () => fromMessages.push(delta));
await time("OpenAI chat to Messages, a chunk", () => toMessagesFromOpenAi.push(event));
const long = writeEvent("chunk", `{"bytes":"${"A".repeat(1_000_000)}"}`);
await time(
  "an event of 1 MB in pieces of 8 kB",
  () => {
    const reader = new FrameReader();
    for (let at = 0; at < long.length; at += 8_192) reader.push(long.subarray(at, at + 8_192));
  },
  50,
);
const own = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };
const signer = signingAuthoriser({ get: async () => own } as unknown as Credentials, {
  service: "bedrock",
  region: "us-east-1",
  host: "localhost",
});
const request = {
  method: "POST",
  path: "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse",
  headers: { "content-type": "application/json", accept: "application/json", "user-agent": "switchyard" },
  body: converse,
} as const;
await time("Signature Version 4 of the same", () => signer.authorise(request, "acme"), 2_000);

async function time(name: string, operation: () => unknown, perRound = 5_000): Promise<void> {
  const rounds: number[] = [];
  for (let round = -3; round < 11; round++) {
    globalThis.gc?.();
    const start = process.cpuUsage();
    for (let index = 0; index < perRound; index++) {
      const result = operation();
      if (result instanceof Promise) await result;
    }
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) rounds.push((user + system) / perRound);
  }
  console.log(JSON.stringify({ bench: name, unit: "µs", median: Number(median(rounds).toFixed(2)) }));
}
