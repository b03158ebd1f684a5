import { CONTEXT, PDF, PNG, SCHEMA, WAV, type DialectSamples } from "./sample.ts";

const converseTool = { toolSpec: { name: "weather", inputSchema: { json: SCHEMA } } };
const converseUser = (...content: object[]): object => ({ role: "user", content });

export const BEDROCK: DialectSamples = {
  title: "Bedrock Converse",
  least: { messages: [converseUser({ text: "Hello" })] },
  samples: [
    { field: "system", request: { system: [{ text: "Be brief." }] } },
    {
      field: "system cachePoint",
      request: { system: [{ text: "Be brief." }, { cachePoint: { type: "default" } }] },
      without: { system: [{ text: "Be brief." }] },
    },
    {
      field: "messages[].content image",
      request: { messages: [converseUser({ image: { format: "png", source: { bytes: PNG } } })] },
    },
    {
      field: "messages[].content document",
      request: {
        messages: [
          converseUser({ text: "See" }, { document: { format: "pdf", name: "a", source: { bytes: PDF } } }),
        ],
      },
    },
    {
      field: "messages[].content video",
      request: { messages: [converseUser({ video: { format: "mp4", source: { bytes: WAV } } })] },
    },
    {
      field: "messages[].content toolUse, toolResult",
      request: {
        toolConfig: { tools: [converseTool] },
        messages: [
          converseUser({ text: "Hello" }),
          {
            role: "assistant",
            content: [{ toolUse: { toolUseId: "t1", name: "weather", input: { city: "Bern" } } }],
          },
          converseUser({ toolResult: { toolUseId: "t1", content: [{ text: "rain" }] } }),
        ],
      },
    },
    {
      field: "messages[].content toolResult json",
      request: {
        toolConfig: { tools: [converseTool] },
        messages: [
          converseUser({ text: "Hello" }),
          { role: "assistant", content: [{ toolUse: { toolUseId: "t1", name: "weather", input: {} } }] },
          converseUser({ toolResult: { toolUseId: "t1", content: [{ json: { sky: "grey" } }] } }),
        ],
      },
    },
    {
      field: "messages[].content reasoningContent",
      request: {
        messages: [
          converseUser({ text: "Hello" }),
          {
            role: "assistant",
            content: [
              { reasoningContent: { reasoningText: { text: "A greeting.", signature: "c2ln" } } },
              { text: "Hi" },
            ],
          },
          converseUser({ text: "Go on" }),
        ],
      },
      without: {
        messages: [
          converseUser({ text: "Hello" }),
          { role: "assistant", content: [{ text: "Hi" }] },
          converseUser({ text: "Go on" }),
        ],
      },
    },
    {
      field: "messages[].content guardContent",
      request: { messages: [converseUser({ guardContent: { text: { text: "x" } } })] },
    },
    { field: "inferenceConfig.maxTokens", request: { inferenceConfig: { maxTokens: 900 } } },
    { field: "inferenceConfig.temperature", request: { inferenceConfig: { temperature: 0.7 } } },
    { field: "inferenceConfig.topP", request: { inferenceConfig: { topP: 0.9 } } },
    { field: "inferenceConfig.stopSequences", request: { inferenceConfig: { stopSequences: ["END"] } } },
    { field: "toolConfig", request: { toolConfig: { tools: [converseTool] } } },
    {
      field: "toolConfig.toolChoice: any",
      request: { toolConfig: { tools: [converseTool], toolChoice: { any: {} } } },
      without: { toolConfig: { tools: [converseTool] } },
    },
    {
      field: "toolConfig.toolChoice: tool",
      request: { toolConfig: { tools: [converseTool], toolChoice: { tool: { name: "weather" } } } },
      without: { toolConfig: { tools: [converseTool] } },
    },
    {
      field: "outputConfig.textFormat",
      request: {
        outputConfig: {
          textFormat: {
            type: "json_schema",
            structure: { jsonSchema: { name: "answer", schema: JSON.stringify(SCHEMA) } },
          },
        },
      },
    },
    {
      field: "outputConfig.effort",
      request: { inferenceConfig: { maxTokens: 40_000 }, outputConfig: { effort: "high" } },
      without: { inferenceConfig: { maxTokens: 40_000 } },
    },
    {
      field: "additionalModelRequestFields.thinking",
      request: {
        inferenceConfig: { maxTokens: 40_000 },
        additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 5_000 } },
      },
      without: { inferenceConfig: { maxTokens: 40_000 } },
    },
    { field: "additionalModelRequestFields.top_k", request: { additionalModelRequestFields: { top_k: 40 } } },
    {
      field: "additionalModelRequestFields, others",
      request: { additionalModelRequestFields: { anthropic_beta: ["x"] } },
    },
    {
      field: "additionalModelResponseFieldPaths",
      request: { additionalModelResponseFieldPaths: ["/stop_sequence"] },
    },
    {
      field: "guardrailConfig",
      request: { guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1" } },
    },
    { field: "promptVariables", request: { promptVariables: { a: { text: "b" } } } },
    { field: "performanceConfig", request: { performanceConfig: { latency: "optimized" } } },
    { field: "serviceTier", request: { serviceTier: { type: "flex" } } },
  ],
  handled: [
    { field: "modelId", how: "in the address; the gateway's: a task, a target, an alias or an upstream id" },
    { field: "requestMetadata", how: CONTEXT },
  ],
};
