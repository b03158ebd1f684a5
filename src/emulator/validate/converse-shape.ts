import { BLOB, BOOLEAN, DOCUMENT, list, oneOf, structure, text, union, type Shape } from "./shape.ts";

const TOOL_NAME = text({ min: 1, max: 64, pattern: "[a-zA-Z0-9_-]+" });
const TOOL_USE_ID = text({ min: 1, max: 64, pattern: "[a-zA-Z0-9_.:-]+" });
const METADATA_TEXT = "[a-zA-Z0-9\\s:_@$#=/+,-.]*";
const SENSITIVE = text({ sensitive: true });

const CACHE_POINT = structure({ type: oneOf("default"), ttl: oneOf("5m", "1h") }, ["type"]);

const S3 = structure(
  {
    uri: text({ min: 1, max: 1024, pattern: "s3://[a-z0-9][.\\-a-z0-9]{1,61}[a-z0-9](/.*)?" }),
    bucketOwner: text({ pattern: "[0-9]{12}" }),
  },
  ["uri"],
);

function media(name: string, format: Shape, source: Readonly<Record<string, Shape>> = {}): Shape {
  return structure({ format, source: union(`${name}Source`, { bytes: BLOB, s3Location: S3, ...source }) }, [
    "format",
    "source",
  ]);
}

const IMAGE = media("Image", oneOf("png", "jpeg", "gif", "webp"));
/** A recorded request with the format `video/mp4` was answered: this one is no closed list on the wire. */
const VIDEO = media("Video", text({ pattern: "(video/)?(mkv|mov|mp4|webm|flv|mpeg|mpg|wmv|three_gp)" }));
const AUDIO = media(
  "Audio",
  oneOf(
    "mp3",
    "opus",
    "wav",
    "aac",
    "flac",
    "mp4",
    "ogg",
    "mkv",
    "mka",
    "x-aac",
    "m4a",
    "mpeg",
    "mpga",
    "pcm",
    "webm",
  ),
);
const DOCUMENT_BLOCK = structure(
  {
    format: oneOf("pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"),
    name: text({ min: 1, max: 200 }),
    source: union("DocumentSource", {
      bytes: BLOB,
      s3Location: S3,
      text: SENSITIVE,
      content: list(union("DocumentContentBlock", { text: SENSITIVE })),
    }),
    context: SENSITIVE,
    citations: structure({ enabled: BOOLEAN }, ["enabled"]),
  },
  ["name", "source"],
);
const SEARCH_RESULT = structure(
  {
    source: SENSITIVE,
    title: SENSITIVE,
    content: list(structure({ text: SENSITIVE }, ["text"])),
    citations: structure({ enabled: BOOLEAN }),
  },
  ["source", "title", "content"],
);

const TOOL_USE = structure(
  { toolUseId: TOOL_USE_ID, name: TOOL_NAME, input: DOCUMENT, type: oneOf("tool_use", "server_tool_use") },
  ["toolUseId", "name", "input"],
);
const TOOL_RESULT = structure(
  {
    toolUseId: TOOL_USE_ID,
    content: list(
      union("ToolResultContentBlock", {
        json: DOCUMENT,
        text: SENSITIVE,
        image: IMAGE,
        document: DOCUMENT_BLOCK,
        video: VIDEO,
        searchResult: SEARCH_RESULT,
      }),
    ),
    status: oneOf("success", "error"),
    type: text(),
  },
  ["toolUseId", "content"],
);
const GUARD_CONTENT = union("GuardrailConverseContentBlock", {
  text: structure(
    { text: SENSITIVE, qualifiers: list(oneOf("grounding_source", "query", "guard_content")) },
    ["text"],
  ),
  image: structure(
    { format: oneOf("png", "jpeg"), source: union("GuardrailConverseImageSource", { bytes: BLOB }) },
    ["format", "source"],
  ),
});
const REASONING = union("ReasoningContentBlock", {
  reasoningText: structure({ text: SENSITIVE, signature: text({ sensitive: true }) }, ["text"]),
  redactedContent: BLOB,
});

const CONTENT: Shape = union("ContentBlock", {
  text: SENSITIVE,
  image: IMAGE,
  document: DOCUMENT_BLOCK,
  video: VIDEO,
  audio: AUDIO,
  toolUse: TOOL_USE,
  toolResult: TOOL_RESULT,
  guardContent: GUARD_CONTENT,
  cachePoint: CACHE_POINT,
  reasoningContent: REASONING,
  citationsContent: structure({ content: DOCUMENT, citations: DOCUMENT }),
  searchResult: SEARCH_RESULT,
  toolAddition: structure({ tool: DOCUMENT }, ["tool"]),
  toolRemoval: structure({ tool: DOCUMENT }, ["tool"]),
});

const MESSAGES: Shape = list(
  structure({ role: oneOf("user", "assistant", "system"), content: list(CONTENT) }, ["role", "content"]),
);
const SYSTEM: Shape = list(
  union("SystemContentBlock", { text: SENSITIVE, guardContent: GUARD_CONTENT, cachePoint: CACHE_POINT }),
);
const TOOL_CONFIG: Shape = structure(
  {
    tools: list(
      union("Tool", {
        toolSpec: structure(
          {
            name: TOOL_NAME,
            description: text({ min: 1 }),
            inputSchema: union("ToolInputSchema", { json: DOCUMENT }),
            strict: BOOLEAN,
          },
          ["name", "inputSchema"],
        ),
        systemTool: structure({ name: TOOL_NAME }, ["name"]),
        cachePoint: CACHE_POINT,
      }),
      { min: 1 },
    ),
    toolChoice: union("ToolChoice", {
      auto: structure({}),
      any: structure({}),
      tool: structure({ name: TOOL_NAME }, ["name"]),
    }),
  },
  ["tools"],
);
const INFERENCE: Shape = structure({
  maxTokens: { kind: "number", integer: true, min: 1 },
  temperature: { kind: "number", min: 0, max: 1 },
  topP: { kind: "number", min: 0, max: 1 },
  stopSequences: list(text({ min: 1 }), { max: 2_500 }),
});
const GUARDRAIL: Shape = structure({
  guardrailIdentifier: text({
    max: 2_048,
    pattern: "(|([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+))",
  }),
  guardrailVersion: text({ pattern: "(|([1-9][0-9]{0,7})|(DRAFT))" }),
  trace: oneOf("enabled", "disabled", "enabled_full"),
  streamProcessingMode: oneOf("sync", "async"),
});
const OUTPUT: Shape = structure({
  textFormat: structure(
    {
      type: oneOf("json_schema"),
      structure: union("OutputFormatStructure", {
        jsonSchema: structure(
          { schema: text({ min: 1, sensitive: true }), name: text(), description: text() },
          ["schema"],
        ),
      }),
    },
    ["type", "structure"],
  ),
  effort: text({ max: 16 }),
});

export const REQUEST_METADATA: Shape = {
  kind: "map",
  key: text({ min: 1, max: 256, pattern: METADATA_TEXT }),
  of: text({ max: 256, pattern: METADATA_TEXT }),
  min: 1,
  max: 16,
};

/** The body of Converse and ConverseStream. */
export const CONVERSE: Shape = structure({
  messages: MESSAGES,
  system: SYSTEM,
  inferenceConfig: INFERENCE,
  toolConfig: TOOL_CONFIG,
  guardrailConfig: GUARDRAIL,
  additionalModelRequestFields: DOCUMENT,
  promptVariables: { kind: "map", key: text(), of: union("PromptVariableValues", { text: SENSITIVE }) },
  additionalModelResponseFieldPaths: list(text({ min: 1, max: 256 }), { max: 10 }),
  requestMetadata: REQUEST_METADATA,
  performanceConfig: structure({ latency: oneOf("standard", "optimized") }),
  serviceTier: structure({ type: oneOf("priority", "default", "flex", "reserved") }, ["type"]),
  outputConfig: OUTPUT,
});

/** The body of CountTokens. */
export const COUNT_TOKENS: Shape = structure(
  {
    input: union("CountTokensInput", {
      invokeModel: structure({ body: BLOB }, ["body"]),
      converse: structure({
        messages: MESSAGES,
        system: SYSTEM,
        toolConfig: TOOL_CONFIG,
        additionalModelRequestFields: DOCUMENT,
      }),
    }),
  },
  ["input"],
);

/** The body of ApplyGuardrail. */
export const APPLY_GUARDRAIL: Shape = structure(
  {
    source: oneOf("INPUT", "OUTPUT"),
    content: list(
      union("GuardrailContentBlock", {
        text: structure(
          { text: SENSITIVE, qualifiers: list(oneOf("grounding_source", "query", "guard_content")) },
          ["text"],
        ),
        image: structure(
          { format: oneOf("png", "jpeg"), source: union("GuardrailImageSource", { bytes: BLOB }) },
          ["format", "source"],
        ),
      }),
    ),
    outputScope: oneOf("INTERVENTIONS", "FULL"),
  },
  ["source", "content"],
);
