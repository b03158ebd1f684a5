import {
  startBedrockEmulator,
  type ConverseRequest,
  type Fault,
  type RunningEmulator,
  type Said,
} from "../../../src/emulator/index.ts";
import { PAIR } from "../../sagemaker/endpoint.ts";
import { propertiesOf } from "./api.ts";
import { answerTo, commandOf, digest, type Asked, type Log, type Part, type Turn } from "./model.ts";

/** The emulator of Bedrock, which checks requests as the service does, with the common model's answers. */
export function startBedrock(log: Log): Promise<RunningEmulator> {
  return startBedrockEmulator({
    credentials: PAIR,
    script: { faults: FAULTS },
    speaker(request): Said | undefined {
      const asked = readConverse(request);
      const command = commandOf(asked.turns);
      if (command === undefined) return undefined;
      // The emulator itself ends the text where it must.
      const answer = answerTo({ ...asked, stop: [], maxTokens: undefined }, command);
      log.add(command.tag, asked, answer);
      return { thought: answer.thought, text: answer.text.join(""), calls: answer.calls as Said["calls"] };
    },
  });
}

const at = (words: string): { contains: string } => ({ contains: ` fail ${words}` });

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html */
const FAULTS: Fault[] = [
  {
    kind: "error",
    ...at("bad-request"),
    exception: "ValidationException",
    message: "The request was not understood.",
  },
  { kind: "error", ...at("authentication"), exception: "UnrecognizedClientException" },
  { kind: "error", ...at("permission"), exception: "AccessDeniedException" },
  { kind: "error", ...at("not-found"), exception: "ResourceNotFoundException" },
  { kind: "error", ...at("too-large"), exception: "RequestEntityTooLargeException", status: 413 },
  { kind: "error", ...at("rate-limit"), exception: "ThrottlingException", retryAfterSeconds: 7 },
  { kind: "error", ...at("overloaded"), exception: "ServiceUnavailableException" },
  { kind: "error", ...at("server-error"), exception: "InternalServerException" },
  { kind: "hang", ...at("timeout") },
  {
    kind: "error",
    ...at("context"),
    exception: "ValidationException",
    message: "Input is too long for requested model.",
  },
  { kind: "exception", ...at("mid-stream"), exception: "modelStreamErrorException", afterFrames: 4 },
  { kind: "reset", ...at("cut"), afterFrames: 4 },
  { kind: "cut", ...at("no-end"), at: "before-message-stop" },
  { kind: "pace", contains: " forever", tokensPerSecond: 60 },
];

export function readConverse(request: ConverseRequest): Asked {
  const fields = (request.additionalModelRequestFields ?? {}) as Readonly<Record<string, unknown>>;
  const tools = (request.toolConfig?.tools ?? []).flatMap(({ toolSpec }) =>
    toolSpec === undefined
      ? []
      : [
          {
            name: toolSpec.name,
            description: toolSpec.description,
            properties: propertiesOf(toolSpec.inputSchema.json),
          },
        ],
  );
  const choice = request.toolConfig?.toolChoice;
  const cached = JSON.stringify(request).split('"cachePoint"').length - 1;
  return {
    stream: false,
    system: (request.system ?? []).flatMap(({ text }) => text ?? []),
    turns: (request.messages ?? []).map(({ role, content }) => ({
      role: role as Turn["role"],
      parts: content.flatMap((block) => readBlock(block)),
    })),
    tools,
    toolChoice: choice?.tool?.name ?? (choice?.any === undefined ? undefined : "any"),
    maxTokens: request.inferenceConfig?.maxTokens,
    temperature: request.inferenceConfig?.temperature,
    stop: request.inferenceConfig?.stopSequences ?? [],
    schema: schemaOf(request, fields),
    thinks: thinks(fields),
    cachePoints: cached,
  };
}

function schemaOf(
  { outputConfig }: ConverseRequest,
  fields: Readonly<Record<string, unknown>>,
): object | undefined {
  if (outputConfig?.textFormat !== undefined) return outputConfig.textFormat;
  const { format } = (fields["output_config"] ?? {}) as { format?: object };
  return format ?? (fields["output_format"] as object | undefined);
}

function thinks(fields: Readonly<Record<string, unknown>>): boolean {
  const { type } = (fields["thinking"] ?? fields["reasoningConfig"] ?? {}) as { type?: string };
  return type === "enabled" || type === "adaptive" || typeof fields["reasoning_effort"] === "string";
}

type Block = NonNullable<ConverseRequest["messages"]>[number]["content"][number];

function readBlock(block: Block): Part[] {
  const { text, image, document, toolUse, toolResult, reasoningContent } = block;
  if (text !== undefined) return [{ type: "text", text }];
  if (image !== undefined)
    return [{ type: "image", digest: digest(Buffer.from(image.source.bytes ?? "", "base64")) }];
  if (document !== undefined) {
    const { source } = document;
    const inner = source.text ?? source.content?.map((part) => part.text ?? "").join("");
    const content = inner ?? Buffer.from(source.bytes ?? "", "base64");
    return [{ type: "document", name: document.name, digest: digest(content) }];
  }
  if (toolUse !== undefined)
    return [
      { type: "call", id: toolUse.toolUseId, name: toolUse.name, input: JSON.stringify(toolUse.input) },
    ];
  if (toolResult !== undefined) {
    const told = toolResult.content.map((part) => part.text ?? JSON.stringify(part.json)).join("");
    return [{ type: "result", id: toolResult.toolUseId, text: told, isError: toolResult.status === "error" }];
  }
  return reasoningContent === undefined ? [] : [{ type: "thought" }];
}
