import {
  SONNET_46,
  OPUS_47,
  PNG,
  user,
  assistant,
  said,
  hello,
  use,
  result,
  document,
  image,
  cachePoint,
  tools,
  schema,
  fields,
  FROM_MODEL,
  testRefused,
  type Refused,
} from "./requests.ts";
import { NOVA, WEATHER } from "./support.ts";

const REFUSED: readonly Refused[] = [
  // Documents and images.
  [
    "a document's name with a dot",
    { messages: [user({ text: "x" }, document("a.pdf"))] },
    /^The document file name can only contain alphanumeric characters/,
  ],
  [
    "a document's name with an ideographic space",
    { messages: [user({ text: "x" }, document("報告　2026"))] },
    /^The document file name can only/,
  ],
  [
    "a document's name with two blanks",
    { messages: [user({ text: "x" }, document("a  b"))] },
    /^The document file name can only/,
  ],
  [
    "two documents of one name",
    { messages: [user({ text: "x" }, document("a"), document("a"))] },
    "Messages can't contain duplicate document names. Rename the document and retry your request.",
  ],
  [
    "a document without a text",
    { messages: [user(document("a"))] },
    "A text block must be included when using documents.",
  ],
  [
    "six documents",
    { messages: [user({ text: "x" }, ...["a", "b", "c", "d", "e", "f"].map((name) => document(name)))] },
    /^You can't include more than 5 documents/,
  ],
  [
    "21 images",
    { messages: [user(...Array.from({ length: 21 }, () => image("png", PNG)))] },
    /^You can't include more than 20 images/,
  ],
  [
    "an image in the assistant's turn",
    { messages: [user({ text: "x" }), assistant(image("png", PNG)), user({ text: "y" })] },
    /^Assistant messages cannot contain the image content block/,
  ],
  [
    "an image that is another format",
    { messages: [user({ text: "x" }, image("jpeg", PNG))] },
    `${FROM_MODEL}messages.0.content.1.image.source.base64: The image was specified using the image/jpeg media type, but the image appears to be a image/png image`,
  ],
  [
    "an image that is none",
    { messages: [user(image("png", Buffer.from("hello world").toString("base64")))] },
    /Could not process image/,
  ],
  [
    "an image for a model without eyes",
    { messages: [user(image("png", PNG))] },
    "This model doesn't support the image content block that you provided. Update the content block and try again.",
    "us.amazon.nova-micro-v1:0",
  ],
  [
    "a video for Claude",
    { messages: [user({ video: { format: "mp4", source: { bytes: "AAAA" } } })] },
    "This model doesn't support the video content block that you provided. Update the content block and try again.",
  ],
  [
    "an image in S3 for Claude",
    {
      messages: [user({ image: { format: "png", source: { s3Location: { uri: "s3://bucket/key.png" } } } })],
    },
    "This model doesn't support the s3Uri field. Remove s3Uri and try again.",
  ],
  [
    "a document in S3 as a tool's result",
    {
      messages: [
        user({ text: "x" }),
        assistant(use("a")),
        user(result("a", [document("d", { source: { s3Location: { uri: "s3://bucket/d.pdf" } } })])),
      ],
      ...tools(WEATHER),
    },
    `${FROM_MODEL}Malformed input request: #/messages/2/content/0: extraneous key [toolResult] is not permitted, please reformat your input and try again.`,
    NOVA,
  ],
  // Cache points.
  [
    "a cache point before everything",
    { messages: [user(cachePoint(), { text: "x" })] },
    "There is nothing available to cache.",
  ],
  [
    "a cache point after reasoning",
    {
      messages: [
        user({ text: "x" }),
        assistant({ reasoningContent: { redactedContent: "RUFB" } }, cachePoint()),
        user({ text: "y" }),
      ],
    },
    "Cache point cannot be inserted after reasoning block. Please remove the invalid cache point and try again.",
  ],
  [
    "a cache point inside a tool's result",
    {
      messages: [user({ text: "x" }), assistant(use("a")), user(result("a", [{ text: "x" }, cachePoint()]))],
      ...tools(WEATHER),
    },
    /^ToolResultContentBlock object at messages\.2\.content\.0\.toolResult\.content\.1 must set one of the following keys/,
  ],
  [
    "1h after 5m",
    { system: [{ text: "x" }, cachePoint("5m")], messages: [user({ text: "x" }, cachePoint("1h"))] },
    `${FROM_MODEL}messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: \`tools\`, \`system\`, \`messages\`.`,
  ],
  [
    "five cache points",
    {
      messages: [user(...Array.from({ length: 5 }, (_, at) => [{ text: `t${at}` }, cachePoint()]).flat())],
    },
    `${FROM_MODEL}A maximum of 4 blocks with cache_control may be provided. Found 5.`,
  ],
  // Inference settings by model.
  [
    "more tokens than the model has",
    { ...hello, inferenceConfig: { maxTokens: 70_000 } },
    "The maximum tokens you requested exceeds the model limit of 64000. Try again with a maximum tokens value that is lower than 64000.",
  ],
  [
    "temperature and topP for Claude 4.5",
    { ...hello, inferenceConfig: { temperature: 0.5, topP: 0.9 } },
    `${FROM_MODEL}\`temperature\` and \`top_p\` cannot both be specified for this model. Please use only one.`,
  ],
  [
    "a temperature for Opus 4.7",
    { ...hello, inferenceConfig: { temperature: 0.5 } },
    `${FROM_MODEL}temperature is deprecated for this model.`,
    OPUS_47,
  ],
  [
    "a prefill for Claude 4.6",
    { messages: [user({ text: "x" }), assistant({ text: "{" })] },
    `${FROM_MODEL}This model does not support assistant message prefill. The conversation must end with a user message.`,
    SONNET_46,
  ],
  [
    "a stop sequence of blanks for Claude",
    { ...hello, inferenceConfig: { stopSequences: [" "] } },
    /each stop sequence must contain non-whitespace/,
  ],
  [
    "a field that Anthropic does not know",
    { ...hello, ...fields({ foo: 1 }) },
    `${FROM_MODEL}foo: Extra inputs are not permitted`,
  ],
  [
    "a beta that Bedrock does not have",
    { ...hello, ...fields({ anthropic_beta: ["files-api-2025-04-14"] }) },
    `${FROM_MODEL}invalid beta flag`,
  ],
  [
    "a budget below 1024",
    { ...hello, ...fields({ thinking: { type: "enabled", budget_tokens: 1000 } }) },
    `${FROM_MODEL}thinking.enabled.budget_tokens: Input should be greater than or equal to 1024`,
  ],
  [
    "a budget above maxTokens",
    {
      ...hello,
      inferenceConfig: { maxTokens: 2000 },
      ...fields({ thinking: { type: "enabled", budget_tokens: 2000 } }),
    },
    /`max_tokens` must be greater than `thinking\.budget_tokens`/,
  ],
  [
    "thinking with a forced tool",
    {
      ...hello,
      toolConfig: { tools: [WEATHER], toolChoice: { any: {} } },
      ...fields({ thinking: { type: "enabled", budget_tokens: 1024 } }),
    },
    `${FROM_MODEL}Thinking may not be enabled when tool_choice forces tool use.`,
  ],
  [
    "a budget for a model that adapts",
    { ...hello, ...fields({ thinking: { type: "enabled", budget_tokens: 1024 } }) },
    /"thinking\.type\.enabled" is not supported for this model/,
    OPUS_47,
  ],
  [
    "effort for Sonnet 4.5",
    { ...hello, outputConfig: { effort: "low" } },
    `${FROM_MODEL}This model does not support the effort parameter.`,
  ],
  [
    "optimised latency where there is none",
    { ...hello, performanceConfig: { latency: "optimized" } },
    /^Latency performance configuration is not supported for/,
  ],
  // Structured answers.
  ["a schema that is no JSON", { ...hello, ...schema("{") }, /not a valid JSON schema/],
  [
    "a schema that lets more in",
    { ...hello, ...schema('{"type":"object","properties":{}}') },
    /'additionalProperties' must be explicitly set to false/,
  ],
  [
    "a schema whose inner object lets more in",
    {
      ...hello,
      ...schema('{"type":"object","additionalProperties":false,"properties":{"a":{"type":"object"}}}'),
    },
    /'additionalProperties' must be explicitly set to false/,
  ],
  [
    "a keyword without a grammar",
    {
      ...hello,
      ...schema(
        '{"type":"object","additionalProperties":false,"properties":{"a":{"type":"array","maxItems":3}}}',
      ),
    },
    /property 'maxItems' is not supported/,
  ],
  [
    "a schema for a model without",
    { ...hello, ...schema('{"type":"object","additionalProperties":false}') },
    /doesn't support the outputConfig\.textFormat field/,
    NOVA,
  ],
  // Models.
  [
    "a model that does not exist",
    hello,
    "The provided model identifier is invalid.",
    "us.does-not-exist-model-v1:0",
  ],
  [
    "a prefix that the model is not in",
    hello,
    "The provided model identifier is invalid.",
    "jp.amazon.nova-lite-v1:0",
  ],
  [
    "a bare id of a model behind profiles",
    hello,
    "Invocation of model ID anthropic.claude-sonnet-4-6 with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.",
    "anthropic.claude-sonnet-4-6",
  ],
  [
    "an embedding model",
    hello,
    "This action doesn't support the model that you provided. Try again with a supported text or chat model.",
    "amazon.titan-embed-text-v2:0",
  ],
  [
    "a prompt that is too long",
    said("word ".repeat(60_000)),
    "Input is too long for requested model.",
    "qwen.qwen3-32b-v1:0",
  ],
];

for (const refused of REFUSED) testRefused(refused);
