import assert from "node:assert/strict";
import test from "node:test";
import { CLOCK, NOVA, post, SONNET, start, WEATHER } from "./support.ts";

const LLAMA = "us.meta.llama4-scout-17b-instruct-v1:0";
const HAIKU_3 = "anthropic.claude-3-haiku-20240307-v1:0";
const SONNET_46 = "us.anthropic.claude-sonnet-4-6";
const OPUS_47 = "us.anthropic.claude-opus-4-7";
const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF = Buffer.from("%PDF-1.4\n").toString("base64");

const user = (...content: object[]) => ({ role: "user", content });
const assistant = (...content: object[]) => ({ role: "assistant", content });
const said = (text: string) => ({ messages: [user({ text })] });
const hello = said("Hello");
const use = (toolUseId: string, input: unknown = {}) => ({
  toolUse: { toolUseId, name: "get_weather", input },
});
const result = (toolUseId: string, content: object[] = [{ text: "rain" }]) => ({
  toolResult: { toolUseId, content },
});
const document = (name: string, more: object = {}) => ({
  document: { name, format: "pdf", source: { bytes: PDF }, ...more },
});
const image = (format: string, bytes: string) => ({ image: { format, source: { bytes } } });
const cachePoint = (ttl?: string) => ({ cachePoint: { type: "default", ...(ttl !== undefined && { ttl }) } });
const tools = (...list: object[]) => ({ toolConfig: { tools: list } });
const tool = (name: string, json: unknown = { type: "object" }) => ({
  toolSpec: { name, inputSchema: { json } },
});
const schema = (text: string) => ({
  outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema: { schema: text } } } },
});
const fields = (additionalModelRequestFields: unknown) => ({ additionalModelRequestFields });
const constraint = (path: string, rule: string, value?: string): string =>
  `1 validation error detected: Value${value === undefined ? "" : ` '${value}'`} at '${path}' failed to satisfy constraint: Member must ${rule}`;
const FROM_MODEL = "The model returned the following errors: ";

/** What is sent, to which model, and the message it must get with status 400. */
const REFUSED: readonly (readonly [what: string, body: object, message: string | RegExp, model?: string])[] =
  [
    // Constraints of the shapes.
    [
      "a role that is none",
      { messages: [{ role: "tool", content: [{ text: "x" }] }] },
      constraint("messages.1.member.role", "satisfy enum value set: [user, assistant, system]", "tool"),
    ],
    [
      "a message without content",
      { messages: [{ role: "user" }] },
      constraint("messages.1.member.content", "not be null"),
    ],
    [
      "no tokens",
      { ...hello, inferenceConfig: { maxTokens: 0 } },
      constraint("inferenceConfig.maxTokens", "have value greater than or equal to 1", "0"),
    ],
    [
      "a temperature above 1",
      { ...hello, inferenceConfig: { temperature: 1.5 } },
      constraint("inferenceConfig.temperature", "have value less than or equal to 1", "1.5"),
    ],
    [
      "a topP below 0",
      { ...hello, inferenceConfig: { topP: -0.1 } },
      constraint("inferenceConfig.topP", "have value greater than or equal to 0", "-0.1"),
    ],
    [
      "an empty stop sequence",
      { ...hello, inferenceConfig: { stopSequences: [""] } },
      constraint("inferenceConfig.stopSequences.1.member", "have length greater than or equal to 1", ""),
    ],
    [
      "an empty list of tools",
      { ...hello, toolConfig: { tools: [] } },
      constraint("toolConfig.tools", "have length greater than or equal to 1"),
    ],
    [
      "a tool's name with a dot",
      { ...hello, ...tools(tool("get.weather")) },
      constraint(
        "toolConfig.tools.1.member.toolSpec.name",
        "satisfy regular expression pattern: [a-zA-Z0-9_-]+",
        "get.weather",
      ),
    ],
    [
      "a tool's name of 65",
      { ...hello, ...tools(tool("n".repeat(65))) },
      constraint(
        "toolConfig.tools.1.member.toolSpec.name",
        "have length less than or equal to 64",
        "n".repeat(65),
      ),
    ],
    [
      "a tool's empty description",
      { ...hello, ...tools({ toolSpec: { ...WEATHER.toolSpec, description: "" } }) },
      constraint(
        "toolConfig.tools.1.member.toolSpec.description",
        "have length greater than or equal to 1",
        "",
      ),
    ],
    [
      "a tool-use id with a blank",
      { messages: [user({ text: "x" }), assistant(use("a b")), user(result("a"))], ...tools(WEATHER) },
      constraint(
        "messages.2.member.content.1.member.toolUse.toolUseId",
        "satisfy regular expression pattern: [a-zA-Z0-9_.:-]+",
        "a b",
      ),
    ],
    [
      "17 pairs of metadata",
      {
        ...hello,
        requestMetadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, "v"])),
      },
      constraint("requestMetadata", "have length less than or equal to 16"),
    ],
    [
      "no pair of metadata",
      { ...hello, requestMetadata: {} },
      constraint("requestMetadata", "have length greater than or equal to 1"),
    ],
    [
      "metadata with a strange sign",
      { ...hello, requestMetadata: { user: "a;b" } },
      /at 'requestMetadata\.user\.member' failed to satisfy constraint: Member must satisfy regular expression pattern/,
    ],
    [
      "a tier that is none",
      { ...hello, serviceTier: { type: "cheap" } },
      constraint("serviceTier.type", "satisfy enum value set: [priority, default, flex, reserved]", "cheap"),
    ],
    [
      "a latency that is none",
      { ...hello, performanceConfig: { latency: "fast" } },
      constraint("performanceConfig.latency", "satisfy enum value set: [standard, optimized]", "fast"),
    ],
    [
      "an image of no known format",
      { messages: [user(image("jpg", PNG))] },
      constraint(
        "messages.1.member.content.1.member.image.format",
        "satisfy enum value set: [png, jpeg, gif, webp]",
        "jpg",
      ),
    ],
    [
      "reasoning without its text",
      {
        messages: [
          user({ text: "x" }),
          assistant({ reasoningContent: { reasoningText: { signature: "s" } } }),
          user({ text: "y" }),
        ],
      },
      constraint("messages.2.member.content.1.member.reasoningContent.reasoningText.text", "not be null"),
    ],
    [
      "two faults at once",
      { messages: [{ role: "tool" }] },
      /^2 validation errors detected: Value at 'messages\.1\.member\.content'.*; Value 'tool' at/,
    ],
    [
      "a guardrail's version that is none",
      { ...hello, guardrailConfig: { guardrailIdentifier: "abc", guardrailVersion: "v1" } },
      /at 'guardrailConfig\.guardrailVersion' failed to satisfy constraint/,
    ],
    [
      "eleven response fields",
      { ...hello, additionalModelResponseFieldPaths: Array.from({ length: 11 }, () => "/x") },
      constraint("additionalModelResponseFieldPaths", "have length less than or equal to 10"),
    ],
    // Unions.
    [
      "a block of two kinds",
      { messages: [user({ text: "x", image: image("png", PNG).image })] },
      /^ContentBlock object at messages\.0\.content\.0 can only set one of the following keys: text, image, document/,
    ],
    [
      "a block of no kind",
      { messages: [user({ thinking: "x" })] },
      /^ContentBlock object at messages\.0\.content\.0 must set one of the following keys: text, image/,
    ],
    [
      "a tool choice of none",
      { ...hello, toolConfig: { tools: [WEATHER], toolChoice: { none: {} } } },
      /^ToolChoice object at toolConfig\.toolChoice must set one of the following keys: auto, any, tool/,
    ],
    // Turns.
    [
      "no messages",
      { messages: [] },
      "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
    ],
    [
      "a conversation that the assistant begins",
      { messages: [assistant({ text: "x" }), user({ text: "y" })] },
      /^A conversation must start with a user message\./,
      NOVA,
    ],
    [
      "two user messages in a row",
      { messages: [user({ text: "x" }), user({ text: "y" })] },
      /^A conversation must alternate between user and assistant roles\./,
      NOVA,
    ],
    [
      "empty content",
      { messages: [user({ text: "x" }), assistant(), user({ text: "y" })] },
      "The content field in the Message object at messages.1 is empty. Add a ContentBlock object to the content field and try again.",
    ],
    [
      "empty text",
      said(""),
      "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.",
    ],
    [
      "blank text",
      said("  \n"),
      /^The text field in the ContentBlock object at messages\.0\.content\.0 is blank\./,
    ],
    [
      "blank system text",
      { ...hello, system: [{ text: " " }] },
      /^The text field in the SystemContentBlock object at system\.0 is blank\./,
    ],
    [
      "a blank tool result",
      {
        messages: [user({ text: "x" }), assistant(use("a")), user(result("a", [{ text: "" }]))],
        ...tools(WEATHER),
      },
      /messages\.2\.content\.0\.toolResult\.content\.0 is blank/,
    ],
    [
      "a system turn where none is known",
      { messages: [user({ text: "x" }), { role: "system", content: [{ text: "y" }] }] },
      /system role/,
    ],
    // Tools.
    [
      "tool blocks without toolConfig",
      { messages: [user({ text: "x" }), assistant(use("a")), user(result("a"))] },
      "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    ],
    [
      "calls without results",
      {
        messages: [user({ text: "x" }), assistant(use("a"), use("b")), user(result("a"))],
        ...tools(WEATHER),
      },
      "Expected toolResult blocks at messages.2.content for the following Ids: b",
    ],
    [
      "results split over two turns",
      {
        messages: [user({ text: "x" }), assistant(use("a"), use("b")), user(result("a")), user(result("b"))],
        ...tools(WEATHER),
      },
      "Expected toolResult blocks at messages.2.content for the following Ids: b",
    ],
    [
      "a result without its call",
      { messages: [user({ text: "x" }), assistant({ text: "y" }), user(result("a"))], ...tools(WEATHER) },
      "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn.",
    ],
    [
      "arguments that are empty text",
      {
        messages: [user({ text: "x" }), assistant({ text: "y" }, use("a", "")), user(result("a"))],
        ...tools(WEATHER),
      },
      "The value at messages.1.content.1.toolUse.input is empty.",
    ],
    [
      "arguments that are JSON in text",
      { messages: [user({ text: "x" }), assistant(use("a", "{}")), user(result("a"))], ...tools(WEATHER) },
      /^The format of the value at messages\.1\.content\.0\.toolUse\.input is invalid\. Provide a json object/,
    ],
    ["two tools of one name", { ...hello, ...tools(WEATHER, WEATHER) }, /get_weather is used more than once/],
    [
      "a choice of a tool that is not there",
      { ...hello, toolConfig: { tools: [WEATHER], toolChoice: { tool: { name: "x" } } } },
      /not defined in toolConfig\.tools/,
    ],
    [
      "a schema that is no object's",
      { ...hello, ...tools(tool("x", { type: "string" })) },
      "The value at toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object.",
    ],
    [
      "a forced tool for Llama",
      { ...hello, toolConfig: { tools: [WEATHER], toolChoice: { any: {} } } },
      "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try again.",
      LLAMA,
    ],
    [
      "tools for a model without",
      { ...hello, ...tools(WEATHER) },
      "This model doesn't support tool use.",
      "us.deepseek.r1-v1:0",
    ],
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
        messages: [
          user({ image: { format: "png", source: { s3Location: { uri: "s3://bucket/key.png" } } } }),
        ],
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
        messages: [
          user({ text: "x" }),
          assistant(use("a")),
          user(result("a", [{ text: "x" }, cachePoint()])),
        ],
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

for (const [what, body, message, model = SONNET] of REFUSED)
  test(`refused: ${what}`, async () => {
    await using emulator = await start({ open: true });
    const reply = await post(emulator, `/model/${encodeURIComponent(model)}/converse`, body);
    assert.equal(reply.status, 400, JSON.stringify(reply.json));
    assert.equal(reply.type, "ValidationException");
    if (typeof message === "string") assert.equal(reply.json.message, message);
    else assert.match(reply.json.message, message);
  });

/** What the service takes although it looks odd. */
const TAKEN: readonly (readonly [what: string, body: object, model?: string])[] = [
  ["empty inferenceConfig and system", { ...hello, inferenceConfig: {}, system: [] }],
  ["a member that no model knows", { ...hello, somethingNew: true }],
  [
    "a conversation that the assistant begins, with Claude 4.5",
    { messages: [assistant({ text: "x" }), user({ text: "y" })] },
  ],
  ["a prefill with Claude 4.5", { messages: [user({ text: "x" }), assistant({ text: "{" })] }],
  ["a document's name with an underscore", { messages: [user({ text: "x" }, document("a_b"))] }],
  ["tools in no need", { ...hello, ...tools(WEATHER, CLOCK) }],
  [
    "three results and a text in one turn",
    {
      messages: [
        user({ text: "x" }),
        assistant(use("a"), use("b"), use("c")),
        user(result("a"), result("b"), result("c"), { text: "y" }),
      ],
      ...tools(WEATHER),
    },
  ],
  [
    "1h before 5m",
    { system: [{ text: "x" }, cachePoint("1h")], messages: [user({ text: "x" }, cachePoint("5m"))] },
  ],
  ["an image with its right name", { messages: [user(image("png", PNG))] }],
  [
    "a system turn with Opus 4.8",
    {
      messages: [
        user({ text: "x" }),
        assistant({ text: "y" }),
        { role: "system", content: [{ text: "z" }] },
        user({ text: "w" }),
      ],
    },
    "us.anthropic.claude-opus-4-8",
  ],
  [
    "an image in S3 for Nova",
    {
      messages: [user({ image: { format: "png", source: { s3Location: { uri: "s3://bucket/key.png" } } } })],
    },
    NOVA,
  ],
  ["a temperature for Claude 3", { ...hello, inferenceConfig: { temperature: 0.5, topP: 0.9 } }, HAIKU_3],
];

for (const [what, body, model = SONNET] of TAKEN)
  test(`taken: ${what}`, async () => {
    await using emulator = await start({ open: true });
    const { status, json } = await post(emulator, `/model/${encodeURIComponent(model)}/converse`, body);
    assert.equal(status, 200, json.message);
  });

test("a cache point for a model without a cache is denied, not invalid", async () => {
  await using emulator = await start({ open: true });
  const body = { messages: [user({ text: "x" }, cachePoint())] };
  const { status, type } = await post(emulator, `/model/${encodeURIComponent(HAIKU_3)}/converse`, body);
  assert.deepEqual([status, type], [403, "AccessDeniedException"]);
});

test("an application profile hides the model, not its rules", async () => {
  const arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/hidden1";
  await using emulator = await start({ open: true, script: { profiles: [{ arn, models: [OPUS_47] }] } });
  const path = `/model/${encodeURIComponent(arn)}/converse`;
  const { json } = await post(emulator, path, { ...hello, inferenceConfig: { temperature: 0.7 } });
  assert.equal(json.message, `${FROM_MODEL}temperature is deprecated for this model.`);
  assert.equal((await post(emulator, path, hello)).status, 200);
});
