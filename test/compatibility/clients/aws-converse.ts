import {
  ConverseCommand,
  ConverseStreamCommand,
  CountTokensCommand,
  type BedrockRuntimeClient,
  type ContentBlock,
  type ConverseCommandInput,
  type Message,
  type TokenUsage,
} from "@aws-sdk/client-bedrock-runtime";
import { assemble } from "../../bedrock/clients/converse.ts";
import type { Ask, AskMessage, AskPart, Finish, Seen } from "../ask.ts";
import type { Client } from "../client.ts";
import { AWS_ERRORS, awsClient, awsFailure } from "./aws-shared.ts";
import { Calls, cannot, outcome, resultOf, Thrown } from "./shared.ts";

/** AWS's SDK, Converse. */
export const awsConverse: Client = {
  name: "@aws-sdk/client-bedrock-runtime, Converse",
  packages: ["@aws-sdk/client-bedrock-runtime"],
  dialect: "bedrock",
  errors: AWS_ERRORS,
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

interface Answered {
  readonly seen: Omit<Seen, "requests">;
  readonly content: ContentBlock[];
}

async function run(client: BedrockRuntimeClient, model: string, ask: Ask): Promise<Omit<Seen, "requests">> {
  if (ask.next !== undefined) cannot("has no responses to go on from");
  const input = inputOf(model, ask);
  if (ask.count === true) {
    const { messages, system } = input;
    const counted = await client.send(
      new CountTokensCommand({ modelId: model, input: { converse: { messages, system } } }),
    );
    return { text: "", thoughts: "", calls: [], finish: "none", counted: counted.inputTokens ?? 0 };
  }
  const first = await answer(client, input, ask);
  const called = first.content.flatMap(({ toolUse }) => toolUse ?? []);
  if (ask.results === undefined || called.length === 0) return first.seen;
  const content = called.map(({ toolUseId, name = "" }): ContentBlock => {
    const { text, error } = resultOf(ask, name);
    return { toolResult: { toolUseId, content: [{ text }], ...(error && { status: "error" }) } };
  });
  const messages: Message[] = [
    ...(input.messages ?? []),
    { role: "assistant", content: first.content },
    { role: "user", content },
  ];
  return (await answer(client, { ...input, messages }, ask)).seen;
}

function inputOf(modelId: string, ask: Ask): ConverseCommandInput {
  const { toolChoice, schema } = ask;
  if (ask.systemRole !== undefined) cannot("has no role of developers");
  return {
    modelId,
    ...(ask.system && {
      system: [
        ...ask.system.map((text) => ({ text })),
        ...(ask.cache === true ? [{ cachePoint: { type: "default" as const } }] : []),
      ],
    }),
    messages: ask.messages.map(messageOf),
    inferenceConfig: {
      ...(ask.maxTokens !== undefined && { maxTokens: ask.maxTokens }),
      ...(ask.temperature !== undefined && { temperature: ask.temperature }),
      ...(ask.stop && { stopSequences: [...ask.stop] }),
    },
    ...(ask.tools && {
      toolConfig: {
        tools: ask.tools.map(({ name, description, schema: json }) => ({
          toolSpec: { name, description, inputSchema: { json: json as never } },
        })),
        ...(toolChoice !== undefined && {
          toolChoice: toolChoice === "any" ? { any: {} } : { tool: { name: toolChoice.tool } },
        }),
      },
    }),
    ...(ask.thinking === true && {
      additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 2_048 } },
    }),
    ...(schema && {
      outputConfig: {
        textFormat: {
          type: "json_schema",
          structure: { jsonSchema: { schema: JSON.stringify(schema), name: "place" } },
        },
      },
    }),
  };
}

function messageOf({ role, parts }: AskMessage): Message {
  if (role === "system") return cannot("has system prompts in front only");
  return { role, content: parts.map(blockOf) };
}

function blockOf(part: AskPart): ContentBlock {
  switch (part.type) {
    case "text":
      return { text: part.text };
    case "image":
      return { image: { format: "png", source: { bytes: Buffer.from(part.base64, "base64") } } };
    case "image-url":
      return cannot("has no images by address");
    case "document":
      return {
        document: { format: "pdf", name: "report", source: { bytes: Buffer.from(part.base64, "base64") } },
      };
    case "text-document":
      return { document: { format: "txt", name: "notes", source: { bytes: Buffer.from(part.text) } } };
    default:
      return part satisfies never;
  }
}

async function answer(
  client: BedrockRuntimeClient,
  input: ConverseCommandInput,
  ask: Ask,
): Promise<Answered> {
  if (ask.stream !== true) {
    const { output, stopReason, usage } = await client.send(new ConverseCommand(input));
    const content = output?.message?.content ?? [];
    return { content, seen: seenOf(content, stopReason, usage) };
  }
  const abort = new AbortController();
  const { stream } = await client.send(new ConverseStreamCommand(input), { abortSignal: abort.signal });
  let text = "";
  async function* told(): AsyncGenerator<
    NonNullable<typeof stream> extends AsyncIterable<infer Event> ? Event : never
  > {
    for await (const event of stream ?? []) {
      text += event.contentBlockDelta?.delta?.text ?? "";
      yield event;
      if (ask.abort === true && text !== "") return abort.abort();
    }
  }
  try {
    const whole = await assemble(told());
    if (whole.stopReason === undefined && ask.abort !== true)
      throw new Error("the stream ended without messageStop");
    return { content: whole.content, seen: seenOf(whole.content, whole.stopReason, whole.usage) };
  } catch (error) {
    throw new Thrown(error, text);
  }
}

const FINISHES: Readonly<Record<string, Finish>> = {
  end_turn: "end",
  max_tokens: "length",
  tool_use: "calls",
  stop_sequence: "stop",
};

function seenOf(
  content: readonly ContentBlock[],
  stop: string | undefined,
  usage: TokenUsage | undefined,
): Omit<Seen, "requests"> {
  const cached = usage?.cacheReadInputTokens ?? 0;
  return {
    text: content.map(({ text }) => text ?? "").join(""),
    thoughts: content.map(({ reasoningContent }) => reasoningContent?.reasoningText?.text ?? "").join(""),
    calls: content.flatMap(({ toolUse }) =>
      toolUse === undefined ? [] : [{ name: toolUse.name ?? "", input: toolUse.input }],
    ),
    finish: FINISHES[stop ?? ""] ?? "other",
    // What was cached is no part of Bedrock's input.
    usage: usage && {
      input: (usage.inputTokens ?? 0) + cached + (usage.cacheWriteInputTokens ?? 0),
      output: usage.outputTokens ?? 0,
      cached,
    },
  };
}
