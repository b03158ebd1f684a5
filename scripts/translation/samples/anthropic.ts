import { CONTEXT, PDF, PNG, SCHEMA, user, type DialectSamples } from "./sample.ts";

const claudeTool = { name: "weather", input_schema: SCHEMA };

export const ANTHROPIC: DialectSamples = {
  title: "Anthropic Messages",
  least: { model: "m", max_tokens: 1_000, messages: [user("Hello")] },
  samples: [
    { field: "max_tokens", request: { max_tokens: 900 } },
    { field: "system", request: { system: "Be brief." } },
    {
      field: "system blocks, cache_control",
      request: {
        system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "1h" } }],
      },
      without: { system: [{ type: "text", text: "Be brief." }] },
    },
    { field: "cache_control (automatic)", request: { cache_control: { type: "ephemeral" } } },
    {
      field: "messages[].content text blocks",
      request: { messages: [user([{ type: "text", text: "Hello there" }])] },
    },
    {
      field: "messages[].content image (base64)",
      request: {
        messages: [user([{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }])],
      },
    },
    {
      field: "messages[].content image (url)",
      request: {
        messages: [user([{ type: "image", source: { type: "url", url: "https://example.com/a.png" } }])],
      },
    },
    {
      field: "messages[].content image (file)",
      request: { messages: [user([{ type: "image", source: { type: "file", file_id: "file_1" } }])] },
    },
    {
      field: "messages[].content document (base64)",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            {
              type: "document",
              title: "a",
              source: { type: "base64", media_type: "application/pdf", data: PDF },
            },
          ]),
        ],
      },
    },
    {
      field: "messages[].content document (text)",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "notes" } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content document.citations",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            {
              type: "document",
              citations: { enabled: true },
              source: { type: "text", media_type: "text/plain", data: "notes" },
            },
          ]),
        ],
      },
      without: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "notes" } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content document.context",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            {
              type: "document",
              context: "from the archive",
              source: { type: "text", media_type: "text/plain", data: "notes" },
            },
          ]),
        ],
      },
      without: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "document", source: { type: "text", media_type: "text/plain", data: "notes" } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content search_result",
      request: {
        messages: [
          user([
            {
              type: "search_result",
              source: "https://example.com",
              title: "t",
              content: [{ type: "text", text: "x" }],
            },
          ]),
        ],
      },
    },
    {
      field: "messages[].content tool_use, tool_result",
      request: {
        tools: [claudeTool],
        messages: [
          user("Hello"),
          {
            role: "assistant",
            content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Bern" } }],
          },
          user([{ type: "tool_result", tool_use_id: "toolu_1", content: "rain" }]),
        ],
      },
    },
    {
      field: "messages[].content tool_result.is_error",
      request: {
        tools: [claudeTool],
        messages: [
          user("Hello"),
          { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: {} }] },
          user([{ type: "tool_result", tool_use_id: "toolu_1", is_error: true, content: "down" }]),
        ],
      },
    },
    {
      field: "messages[].content tool_result image",
      request: {
        tools: [claudeTool],
        messages: [
          user("Hello"),
          { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "weather", input: {} }] },
          user([
            {
              type: "tool_result",
              tool_use_id: "toolu_1",
              content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }],
            },
          ]),
        ],
      },
    },
    {
      field: "messages[].content thinking",
      request: {
        messages: [
          user("Hello"),
          {
            role: "assistant",
            content: [
              { type: "thinking", thinking: "A greeting.", signature: "c2ln" },
              { type: "text", text: "Hi" },
            ],
          },
          user("Go on"),
        ],
      },
      without: { messages: [user("Hello"), { role: "assistant", content: "Hi" }, user("Go on")] },
    },
    {
      field: "messages[].content redacted_thinking",
      request: {
        messages: [
          user("Hello"),
          {
            role: "assistant",
            content: [
              { type: "redacted_thinking", data: "c2Vj" },
              { type: "text", text: "Hi" },
            ],
          },
          user("Go on"),
        ],
      },
      without: { messages: [user("Hello"), { role: "assistant", content: "Hi" }, user("Go on")] },
    },
    {
      field: "messages[system] in mid-conversation",
      request: {
        messages: [
          user("Hello"),
          { role: "assistant", content: "Hi" },
          { role: "system", content: "Rhyme." },
          user("Go on"),
        ],
      },
    },
    {
      field: "messages[assistant] last",
      request: { messages: [user("Hello"), { role: "assistant", content: "Well," }] },
    },
    {
      field: "messages[].content cache_control",
      request: { messages: [user([{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }])] },
      without: { messages: [user([{ type: "text", text: "Hello" }])] },
    },
    { field: "tools", request: { tools: [claudeTool] } },
    {
      field: "tools[].strict",
      request: { tools: [{ ...claudeTool, strict: true }] },
      without: { tools: [claudeTool] },
    },
    {
      field: "tools[].cache_control",
      request: { tools: [{ ...claudeTool, cache_control: { type: "ephemeral" } }] },
      without: { tools: [claudeTool] },
    },
    {
      field: "tools[web_fetch, …]",
      request: { tools: [{ type: "web_fetch_20250910", name: "web_fetch" }] },
    },
    {
      field: "tool_choice: any",
      request: { tools: [claudeTool], tool_choice: { type: "any" } },
      without: { tools: [claudeTool] },
    },
    {
      field: "tool_choice: tool",
      request: { tools: [claudeTool], tool_choice: { type: "tool", name: "weather" } },
      without: { tools: [claudeTool] },
    },
    {
      field: "tool_choice: none",
      request: { tools: [claudeTool], tool_choice: { type: "none" } },
      without: { tools: [claudeTool] },
    },
    {
      field: "tool_choice.disable_parallel_tool_use",
      request: { tools: [claudeTool], tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      without: { tools: [claudeTool] },
    },
    { field: "temperature", request: { temperature: 0.7 } },
    { field: "top_p", request: { top_p: 0.9 } },
    { field: "top_k", request: { top_k: 40 } },
    { field: "stop_sequences", request: { stop_sequences: ["END"] } },
    {
      field: "thinking: enabled",
      request: { max_tokens: 40_000, thinking: { type: "enabled", budget_tokens: 5_000 } },
      without: { max_tokens: 40_000 },
    },
    {
      field: "thinking: adaptive",
      request: { max_tokens: 40_000, thinking: { type: "adaptive" } },
      without: { max_tokens: 40_000 },
    },
    {
      field: "output_config.effort",
      request: { max_tokens: 40_000, output_config: { effort: "low" } },
      without: { max_tokens: 40_000 },
    },
    {
      field: "output_config.format",
      request: { output_config: { format: { type: "json_schema", schema: SCHEMA } } },
    },
    { field: "service_tier: standard_only", request: { service_tier: "standard_only" } },
    { field: "container", request: { container: "c" } },
    { field: "diagnostics", request: { diagnostics: { x: 1 } } },
    { field: "inference_geo", request: { inference_geo: "us" } },
    { field: "speed", request: { speed: "fast" } },
    { field: "user_profile_id", request: { user_profile_id: "u" } },
    { field: "workspace_id", request: { workspace_id: "w" } },
    {
      field: "mcp_servers",
      request: { mcp_servers: [{ type: "url", url: "https://example.com", name: "x" }] },
    },
    {
      field: "context_management",
      request: { context_management: { edits: [{ type: "clear_tool_uses_20250919" }] } },
    },
  ],
  handled: [
    {
      field: "tools[web_search, code_execution]",
      how: "refused as `unpriced`: the provider charges them by the call",
    },
    { field: "model", how: "the gateway's: a task, a target, an alias or an upstream id" },
    {
      field: "metadata",
      how: `${CONTEXT}; \`user_id\` is the word \`user\` and goes on to Anthropic and Claude on Bedrock`,
    },
    { field: "stream", how: "the gateway's" },
  ],
};
