import {
  InvokeModelCommand,
  InvokeModelWithResponseStreamCommand,
  type BedrockRuntimeClient,
} from "@aws-sdk/client-bedrock-runtime";
import type Anthropic from "@anthropic-ai/sdk";
import type { Ask, Seen } from "../ask.ts";
import type { Client } from "../client.ts";
import { anthropicParams, anthropicResults, anthropicSeen } from "./anthropic.ts";
import { AWS_ERRORS, awsClient, awsFailure } from "./aws-shared.ts";
import { Calls, cannot, outcome, Thrown } from "./shared.ts";

type Params = Omit<Anthropic.MessageCreateParamsNonStreaming, "model">;

/** The body is the model's own there. */
export const NOT_CLAUDE = Object.fromEntries(
  ["bedrock-nova", "bedrock-llama", "bedrock-gpt-oss"].map((name) => [name, "its body is Claude's"]),
);

/** AWS's SDK, InvokeModel with a body of Claude's. */
export const awsInvoke: Client = {
  name: "@aws-sdk/client-bedrock-runtime, InvokeModel",
  packages: ["@aws-sdk/client-bedrock-runtime"],
  dialect: "bedrock",
  errors: AWS_ERRORS,
  notFor: NOT_CLAUDE,
  async ask(where, ask) {
    const calls = new Calls();
    const client = awsClient(where, calls);
    try {
      return await outcome(calls, () => run(client, where.model, ask), awsFailure);
    } finally {
      client.destroy();
    }
  },
};

async function run(client: BedrockRuntimeClient, modelId: string, ask: Ask): Promise<Omit<Seen, "requests">> {
  if (ask.next !== undefined) cannot("has no responses to go on from");
  if (ask.count === true) cannot("has no counting of its own");
  const { model: _, ...params } = anthropicParams("", ask);
  const first = await answer(client, modelId, params, ask);
  const results = anthropicResults(first, ask);
  if (results === undefined) return anthropicSeen(first);
  return anthropicSeen(
    await answer(client, modelId, { ...params, messages: [...params.messages, ...results] }, ask),
  );
}

async function answer(
  client: BedrockRuntimeClient,
  modelId: string,
  params: Params,
  ask: Ask,
): Promise<Anthropic.Message> {
  const body = JSON.stringify({ anthropic_version: "bedrock-2023-05-31", ...params });
  if (ask.stream !== true) {
    const reply = await client.send(
      new InvokeModelCommand({ modelId, body, contentType: "application/json" }),
    );
    return JSON.parse(new TextDecoder().decode(reply.body)) as Anthropic.Message;
  }
  const abort = new AbortController();
  const { body: chunks } = await client.send(
    new InvokeModelWithResponseStreamCommand({ modelId, body, contentType: "application/json" }),
    { abortSignal: abort.signal },
  );
  return collected(chunks ?? [], ask, abort);
}

type Chunks =
  | AsyncIterable<{ readonly chunk?: { readonly bytes?: Uint8Array | undefined } | undefined }>
  | Iterable<never>;

/** Puts the events of a stream together, as there is no SDK for that. */
async function collected(chunks: Chunks, ask: Ask, abort: AbortController): Promise<Anthropic.Message> {
  let message: Anthropic.Message | undefined;
  let text = "";
  let isOver = false;
  const inputs = new Map<number, string>();
  try {
    for await (const { chunk } of chunks) {
      const event = JSON.parse(new TextDecoder().decode(chunk?.bytes)) as Anthropic.MessageStreamEvent;
      if (event.type === "message_start") message = event.message;
      if (message === undefined) continue;
      if (event.type === "content_block_start") message.content[event.index] = event.content_block;
      if (event.type === "content_block_delta") {
        addDelta(message.content[event.index], event.delta);
        if (event.delta.type === "text_delta") text += event.delta.text;
        if (event.delta.type === "input_json_delta")
          inputs.set(event.index, (inputs.get(event.index) ?? "") + event.delta.partial_json);
      }
      if (event.type === "message_delta") {
        message.stop_reason = event.delta.stop_reason;
        // As Anthropic's own SDK does: what is told last counts.
        const told = Object.entries(event.usage).filter(([, count]) => count !== null);
        Object.assign(message.usage, Object.fromEntries(told));
      }
      isOver ||= event.type === "message_stop";
      if (ask.abort === true && text !== "") {
        abort.abort();
        return message;
      }
    }
  } catch (error) {
    throw new Thrown(error, text);
  }
  if (message === undefined || !isOver) throw new Error("the stream ended without message_stop");
  for (const [index, json] of inputs)
    (message.content[index] as Anthropic.ToolUseBlock).input = JSON.parse(json || "{}");
  return message;
}

function addDelta(block: Anthropic.ContentBlock | undefined, delta: Anthropic.RawContentBlockDelta): void {
  if (block?.type === "text" && delta.type === "text_delta") block.text += delta.text;
  if (block?.type !== "thinking") return;
  if (delta.type === "thinking_delta") block.thinking += delta.thinking;
  if (delta.type === "signature_delta") block.signature += delta.signature;
}
