import {
  LLAMA,
  PNG,
  user,
  assistant,
  said,
  hello,
  use,
  result,
  image,
  tools,
  tool,
  constraint,
  testRefused,
  type Refused,
} from "./requests.ts";
import { NOVA, WEATHER } from "./support.ts";

const REFUSED: readonly Refused[] = [
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
];

for (const refused of REFUSED) testRefused(refused);
