import assert from "node:assert/strict";
import test from "node:test";
import type { ChatPart, ChatRequest } from "../../../core/chat.ts";
import { AppError } from "../../../core/errors.ts";
import { readConverse } from "./read-chat.ts";
import { EMPTY_CHAT } from "../../../../test/support/empty-chat.ts";

const HELLO = { role: "user", content: [{ text: "Hello" }] };
const TOOLS = { tools: [{ toolSpec: { name: "f", inputSchema: { json: { type: "object" } } } }] };

function read(rest: object): ChatRequest {
  return readConverse(Buffer.from(JSON.stringify({ messages: [HELLO], ...rest })));
}

function partsOf(...content: unknown[]): readonly ChatPart[] | undefined {
  return read({ messages: [{ role: "user", content }] }).messages[0]?.parts;
}

function refuses(rest: object, message: string): void {
  assert.throws(
    () => read(rest),
    (error) => {
      assert.ok(error instanceof AppError);
      assert.equal(error.code, "invalid_request");
      assert.equal(error.message, message);
      return true;
    },
  );
}

/** A turn with a call, and what answers it. */
function answered(...results: unknown[]): object {
  const use = (id: string): object => ({ toolUse: { toolUseId: id, name: "f", input: {} } });
  return {
    messages: [
      HELLO,
      { role: "assistant", content: [use("a"), use("b")] },
      { role: "user", content: results },
    ],
    toolConfig: TOOLS,
  };
}

function result(id: string, content: readonly unknown[] = [{ text: "1" }], rest = {}): object {
  return { toolResult: { toolUseId: id, content, ...rest } };
}

test("a plain request asks for nothing but an answer", () => {
  const plain: ChatRequest = {
    ...EMPTY_CHAT,
    messages: [{ role: "user", parts: [{ type: "text", text: "Hello" }] }],
  };
  assert.deepEqual(read({}), plain);
  assert.deepEqual(
    read({
      system: [],
      inferenceConfig: {},
      requestMetadata: { a: "b" },
      performanceConfig: { latency: "standard" },
      additionalModelResponseFieldPaths: [],
      additionalModelRequestFields: {},
      toolConfig: null,
    }),
    plain,
  );
});

test("instructions, limits, tools and the wanted form have their places", () => {
  const schema = { type: "object", properties: {} };
  const chat = read({
    system: [{ text: "Be brief." }, { cachePoint: { type: "default", ttl: "1h" } }],
    inferenceConfig: { maxTokens: 10, temperature: 0.5, topP: 1, stopSequences: ["END"] },
    toolConfig: {
      tools: [
        { toolSpec: { name: "f", description: "F", inputSchema: { json: schema }, strict: true } },
        { cachePoint: { type: "default" } },
        { systemTool: { name: "nova_grounding" } },
      ],
      toolChoice: { tool: { name: "f" } },
    },
    outputConfig: {
      textFormat: {
        type: "json_schema",
        structure: { jsonSchema: { schema: JSON.stringify(schema), name: "x", description: "X" } },
      },
      effort: "max",
    },
    serviceTier: { type: "flex" },
  });
  assert.deepEqual(chat.system, [
    { type: "text", text: "Be brief." },
    { type: "cache-point", ttl: "1h" },
  ]);
  assert.equal(chat.maxOutputTokens, 10);
  assert.equal(chat.temperature, 0.5);
  assert.equal(chat.topP, 1);
  assert.deepEqual(chat.stop, ["END"]);
  assert.deepEqual(chat.tools, [
    { type: "tool", name: "f", description: "F", schema, strict: true },
    { type: "cache-point", ttl: undefined },
    { type: "opaque", name: "toolConfig.tools.2.systemTool" },
  ]);
  assert.deepEqual(chat.toolChoice, { tool: "f" });
  assert.deepEqual(chat.output, { type: "json-schema", name: "x", description: "X", schema, strict: true });
  assert.equal(chat.reasoningEffort, "max");
  assert.equal(chat.serviceTier, "flex");
});

test("the choice of tools", () => {
  assert.equal(read({ toolConfig: { ...TOOLS, toolChoice: { auto: {} } } }).toolChoice, "auto");
  assert.equal(read({ toolConfig: { ...TOOLS, toolChoice: { any: {} } } }).toolChoice, "any");
  assert.equal(read({ toolConfig: TOOLS }).toolChoice, undefined);
});

test("pictures, documents, films and sound are media", () => {
  assert.deepEqual(
    partsOf(
      { image: { format: "png", source: { bytes: "AAAA" } } },
      { image: { format: "jpeg", source: { s3Location: { uri: "s3://b/k", bucketOwner: "123456789012" } } } },
      { document: { name: "a", format: "pdf", source: { bytes: "AAAA" } } },
      { document: { name: "b", format: "txt", source: { text: "T" } } },
      { document: { name: "c", source: { content: [{ text: "1" }, { text: "2" }] } } },
      { video: { format: "video/MP4", source: { bytes: "AAAA" } } },
      { audio: { format: "mp3", source: { bytes: "AAAA" } } },
    ),
    [
      { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined },
      {
        type: "image",
        source: { s3: { uri: "s3://b/k", bucketOwner: "123456789012" } },
        format: "jpeg",
        name: undefined,
      },
      { type: "document", source: { base64: "AAAA" }, format: "pdf", name: "a" },
      { type: "document", source: { text: "T" }, format: "txt", name: "b" },
      { type: "document", source: { text: "1\n2" }, format: undefined, name: "c" },
      { type: "video", source: { base64: "AAAA" }, format: "mp4", name: undefined },
      { type: "audio", source: { base64: "AAAA" }, format: "mp3", name: undefined },
    ],
  );
});

test("what a document wants beside its content is told", () => {
  const document = {
    name: "a",
    format: "pdf",
    source: { bytes: "AAAA" },
    context: "C",
    citations: { enabled: true },
  };
  assert.deepEqual(read({ messages: [{ role: "user", content: [{ document }] }] }).others, [
    { name: "messages.0.content.0.document.context", value: "C" },
    { name: "messages.0.content.0.document.citations", value: { enabled: true } },
  ]);
  const off = { ...document, context: null, citations: { enabled: false } };
  assert.deepEqual(read({ messages: [{ role: "user", content: [{ document: off }] }] }).others, []);
});

test("inputs and JSON results stay the text that they are, digits and order and all", () => {
  const input = '{"id": 12345678901234567890, "2": 1.10, "1": 1e2}';
  const body = `{"messages":[{"role":"user","content":[{"text":"x"}]},
    {"role":"assistant","content":[{"toolUse":{"toolUseId":"a","name":"f","input":${input}}}]},
    {"role":"user","content":[{"toolResult":{"toolUseId":"a","content":[{"json":[9007199254740993]}]}}]}],
    "toolConfig":${JSON.stringify(TOOLS)}}`;
  const { messages } = readConverse(Buffer.from(body));
  assert.deepEqual(messages[1]?.parts, [{ type: "tool-call", id: "a", name: "f", input }]);
  assert.deepEqual(messages[2]?.parts, [
    {
      type: "tool-result",
      id: "a",
      content: [{ type: "json", json: "[9007199254740993]" }],
      isError: false,
    },
  ]);
});

test("results hold texts, files and failures", () => {
  const content = [
    { text: "" },
    { image: { format: "png", source: { bytes: "AAAA" } } },
    { searchResult: { source: "s", title: "t", content: [] } },
  ];
  assert.deepEqual(
    read(answered(result("a", content, { status: "error" }), result("b"))).messages[2]?.parts[0],
    {
      type: "tool-result",
      id: "a",
      content: [
        { type: "text", text: "" },
        { type: "image", source: { base64: "AAAA" }, format: "png", name: undefined },
        { type: "opaque", name: "messages.2.content.0.toolResult.content.2.searchResult" },
      ],
      isError: true,
    },
  );
});

test("thoughts keep their signatures, and redacted ones are the maker's text out of its base64", () => {
  const data = "RXRrRUNrZ0lCeEFCR0FJcVFK";
  const content = [
    { reasoningContent: { reasoningText: { text: "Hm.", signature: "s" } } },
    { reasoningContent: { reasoningText: { text: "" } } },
    { reasoningContent: { redactedContent: Buffer.from(data).toString("base64") } },
    { reasoningContent: { redactedContent: Buffer.from([0xff, 0xfe]).toString("base64") } },
  ];
  assert.deepEqual(read({ messages: [{ role: "assistant", content }] }).messages[0]?.parts, [
    { type: "reasoning", text: "Hm.", signature: "s" },
    { type: "reasoning", text: "", signature: undefined },
    { type: "redacted-reasoning", data },
    { type: "opaque", name: "messages.0.content.3.reasoningContent.redactedContent" },
  ]);
});

test("what only the other speaker may say is refused in the service's words", () => {
  const refusals: readonly (readonly [object, RegExp])[] = [
    [
      { role: "user", content: [{ reasoningContent: { reasoningText: { text: "Hm." } } }] },
      /reasoning content/,
    ],
    [
      { role: "assistant", content: [{ image: { format: "png", source: { bytes: "AAAA" } } }] },
      /Assistant messages cannot contain the image content block at messages\.0\.content\.0/,
    ],
  ];
  for (const [message, says] of refusals) assert.throws(() => read({ messages: [message] }), says);
});

test("what only Bedrock knows is opaque, with its place", () => {
  assert.deepEqual(
    partsOf(
      { guardContent: { text: { text: "x" } } },
      { citationsContent: { content: [] } },
      { searchResult: { source: "s" } },
      { toolAddition: { tool: {} } },
    ),
    ["guardContent", "citationsContent", "searchResult", "toolAddition"].map((name, index) => ({
      type: "opaque",
      name: `messages.0.content.${index}.${name}`,
    })),
  );
  assert.deepEqual(read({ system: [{ guardContent: { text: { text: "x" } } }] }).system, [
    { type: "opaque", name: "system.0.guardContent" },
  ]);
});

test("a call that the model's provider ran itself is opaque and wants no result of the client's", () => {
  const chat = read({
    messages: [
      HELLO,
      {
        role: "assistant",
        content: [
          { toolUse: { toolUseId: "a", name: "code", input: {}, type: "server_tool_use" } },
          { toolResult: { toolUseId: "a", content: [], type: "nova_code_interpreter_result" } },
          { text: "Done." },
        ],
      },
      HELLO,
    ],
    toolConfig: TOOLS,
  });
  assert.deepEqual(chat.messages[1]?.parts.slice(0, 2), [
    { type: "opaque", name: "messages.1.content.0.toolUse.server_tool_use" },
    { type: "opaque", name: "messages.1.content.1.toolResult.nova_code_interpreter_result" },
  ]);
});

test("what only the service has is told with its value", () => {
  const asked = {
    guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" },
    promptVariables: { a: { text: "b" } },
    performanceConfig: { latency: "optimized" },
    additionalModelResponseFieldPaths: ["/stop_sequence"],
    somethingNew: 1,
  };
  const { others } = read(asked);
  assert.deepEqual(Object.fromEntries(others.map(({ name, value }) => [name, value])), asked);
  assert.deepEqual(read({ inferenceConfig: { topK: 5 } }).others, [
    { name: "inferenceConfig.topK", value: 5 },
  ]);
});

const EFFORTS: readonly (readonly [fields: object, effort: string | undefined])[] = [
  [{ thinking: { type: "disabled" } }, "none"],
  [{ thinking: { type: "adaptive" } }, "high"],
  [{ thinking: { type: "adaptive" }, output_config: { effort: "xhigh" } }, "xhigh"],
  [{ thinking: { type: "disabled" }, output_config: { effort: "low" } }, "none"],
  [{ output_config: { effort: "low" } }, "low"],
  [{ thinking: { type: "enabled", budget_tokens: 1_024 } }, "low"],
  [{ thinking: { type: "enabled", budget_tokens: 2_048 } }, "medium"],
  [{ thinking: { type: "enabled", budget_tokens: 10_000 } }, "high"],
  [{ reasoning_effort: "medium" }, "medium"],
  [{ reasoning_config: "high" }, "high"],
  [{ reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } }, "low"],
  [{ reasoningConfig: { type: "disabled" } }, "none"],
];

test("how hard to think is understood in each maker's own words", () => {
  for (const [fields, effort] of EFFORTS) {
    const chat = read({ additionalModelRequestFields: fields });
    assert.equal(chat.reasoningEffort, effort, JSON.stringify(fields));
    assert.deepEqual(chat.others, []);
  }
  assert.equal(
    read({ outputConfig: { effort: "low" }, additionalModelRequestFields: { reasoning_effort: "high" } })
      .reasoningEffort,
    "low",
  );
});

test("other parameters of the model's own are told; whether calls may come at once is understood", () => {
  const chat = read({
    additionalModelRequestFields: {
      top_k: 5,
      output_config: { effort: "low", format: {} },
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
      anthropic_beta: null,
    },
  });
  assert.equal(chat.parallelToolCalls, false);
  assert.deepEqual(chat.others, [{ name: "additionalModelRequestFields.output_config.format", value: {} }]);
});

test("blank text is refused in the service's words", () => {
  refuses(
    { messages: [HELLO, { role: "assistant", content: [{ text: "a" }, { text: " \n" }] }] },
    "The text field in the ContentBlock object at messages.1.content.1 is blank. Add text to the text field, and try again",
  );
  refuses(
    { system: [{ text: "" }] },
    "The text field in the SystemContentBlock object at system.0 is blank. Add text to the text field, and try again",
  );
});

test("a message without content is refused in the service's words", () => {
  refuses(
    { messages: [{ role: "user", content: [] }] },
    "The content field in the Message object at messages.0 is empty. Add a ContentBlock object to the content field and try again",
  );
});

test("a block has exactly one of its keys", () => {
  const keys =
    "text, image, document, video, audio, toolUse, toolResult, guardContent, cachePoint, reasoningContent, citationsContent, searchResult, toolAddition, toolRemoval";
  const block = (content: object): object => ({ messages: [{ role: "user", content: [content] }] });
  refuses(
    block({ text: "a", image: {} }),
    `ContentBlock object at messages.0.content.0 can only set one of the following keys: ${keys}`,
  );
  for (const content of [{}, { text: null }, { hologram: {} }])
    refuses(
      block(content),
      `ContentBlock object at messages.0.content.0 must set one of the following keys: ${keys}`,
    );
  assert.deepEqual(partsOf({ text: "a", image: null }), [{ type: "text", text: "a" }]);
});

test("a role is user, assistant or system, and system messages may stand in the middle", () => {
  refuses(
    { messages: [HELLO, { role: "tool", content: [{ text: "a" }] }] },
    "1 validation error detected: Value 'tool' at 'messages.2.member.role' failed to satisfy constraint: Member must satisfy enum value set: [user, assistant, system]",
  );
  const chat = read({ messages: [HELLO, { role: "system", content: [{ text: "S" }] }] });
  assert.equal(chat.messages[1]?.role, "system");
});

test("every call has its result in the turn that follows, and nothing else has", () => {
  refuses(answered(result("a")), "Expected toolResult blocks at messages.2.content for the following Ids: b");
  refuses(
    answered({ text: "later" }),
    "Expected toolResult blocks at messages.2.content for the following Ids: a, b",
  );
  refuses(
    answered(result("a"), result("b"), result("c")),
    "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of previous turn",
  );
  refuses(
    { messages: [{ role: "user", content: [result("a")] }], toolConfig: TOOLS },
    "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of previous turn",
  );
  assert.equal(read(answered(result("b"), result("a"), { text: "x" })).messages.length, 3);
});

test("instructions may stand between calls and their results", () => {
  const { messages } = answered(result("a"), result("b")) as { messages: object[] };
  messages.splice(2, 0, { role: "system", content: [{ text: "S" }] });
  assert.equal(read({ messages, toolConfig: TOOLS }).messages.length, 4);
});

test("blocks of tools want a toolConfig", () => {
  refuses(
    { ...answered(result("a"), result("b")), toolConfig: undefined },
    "The toolConfig field must be defined when using toolUse and toolResult content blocks",
  );
});

test("names and ids are of the service's alphabet and length", () => {
  const tools = (name: string): object => ({
    toolConfig: { tools: [TOOLS.tools[0], { toolSpec: { name, inputSchema: { json: {} } } }] },
  });
  refuses(
    tools("a.b"),
    "1 validation error detected: Value 'a.b' at 'toolConfig.tools.2.member.toolSpec.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
  );
  refuses(
    tools("a".repeat(65)),
    `1 validation error detected: Value '${"a".repeat(65)}' at 'toolConfig.tools.2.member.toolSpec.name' failed to satisfy constraint: Member must have length less than or equal to 64`,
  );
  const use = { toolUse: { toolUseId: "a b", name: "f", input: {} } };
  refuses(
    { messages: [{ role: "assistant", content: [{ text: "x" }, use] }], toolConfig: TOOLS },
    "1 validation error detected: Value 'a b' at 'messages.1.member.content.2.member.toolUse.toolUseId' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.:-]+",
  );
});

test("a call's input is there, and an object", () => {
  const use = (input: unknown): object => ({
    messages: [{ role: "assistant", content: [{ toolUse: { toolUseId: "a", name: "f", input } }] }],
    toolConfig: TOOLS,
  });
  refuses(use(null), "The value at messages.0.content.0.toolUse.input is empty");
  refuses(use("x"), "messages.0.content.0.toolUse.input: expected an object");
});

test("limits of inference are those of the service", () => {
  const say = (key: string, rest: string): string =>
    `1 validation error detected: Value '${rest.split("|")[0]}' at 'inferenceConfig.${key}' failed to satisfy constraint: Member must ${rest.split("|")[1]}`;
  refuses({ inferenceConfig: { maxTokens: 0 } }, say("maxTokens", "0|have value greater than or equal to 1"));
  refuses(
    { inferenceConfig: { temperature: 1.5 } },
    say("temperature", "1.5|have value less than or equal to 1"),
  );
  refuses({ inferenceConfig: { topP: -1 } }, say("topP", "-1|have value greater than or equal to 0"));
  refuses(
    { inferenceConfig: { stopSequences: ["a", ""] } },
    say("stopSequences.2.member", "|have length greater than or equal to 1"),
  );
  refuses({ inferenceConfig: { maxTokens: 1.5 } }, "inferenceConfig.maxTokens: expected a whole number");
  refuses({ inferenceConfig: { temperature: "hot" } }, "inferenceConfig.temperature: expected a number");
});

const FAULTS: readonly (readonly [object, string])[] = [
  [{ messages: [] }, "messages: expected at least one message"],
  [{ messages: {} }, "messages: expected a list"],
  [{ messages: ["x"] }, "messages.0: expected an object"],
  [{ messages: [{ role: "user", content: "x" }] }, "messages.0.content: expected a list"],
  [{ messages: [{ role: "user", content: ["x"] }] }, "messages.0.content.0: expected an object"],
  [
    { messages: [{ role: "user", content: [{ document: { source: { text: "x" } } }] }] },
    "messages.0.content.0.document.name: expected a text",
  ],
  [
    { messages: [{ role: "user", content: [{ image: { source: { bytes: 1 } } }] }] },
    "messages.0.content.0.image.source.bytes: expected base64",
  ],
  [
    { toolConfig: { tools: [] } },
    "1 validation error detected: Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
  [
    { toolConfig: { tools: [{ toolSpec: { name: "f", inputSchema: {} } }] } },
    "toolConfig.tools.0.toolSpec.inputSchema.json: expected an object",
  ],
  [
    { toolConfig: { ...TOOLS, toolChoice: { none: {} } } },
    "ToolChoice object at toolConfig.toolChoice must set one of the following keys: auto, any, tool",
  ],
  [
    { system: [{ cachePoint: { type: "other" } }] },
    "1 validation error detected: Value 'other' at 'system.1.member.cachePoint.type' failed to satisfy constraint: Member must satisfy enum value set: [default]",
  ],
  [
    { outputConfig: { textFormat: { type: "json_schema", structure: { jsonSchema: { schema: "{" } } } } },
    "outputConfig.textFormat.structure.jsonSchema.schema: expected the text of a JSON schema",
  ],
];

test("what is of another type is refused with its place", () => {
  for (const [rest, message] of FAULTS) refuses(rest, message);
});
