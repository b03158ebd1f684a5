import type { Dialect } from "../../src/core/wire.ts";

/** A parameter or part of a request, and a request that has it. */
export interface Sample {
  /** As the dialect calls it; its first part, up to a dot, bracket or blank, is the parameter. */
  readonly field: string;
  /** Laid over the dialect's least request. */
  readonly request: Readonly<Record<string, unknown>>;
}

/** The gateway's own business, or at home on one provider: said once for a dialect and looked at nowhere else. */
export interface Handled {
  readonly field: string;
  readonly how: string;
}

export interface DialectSamples {
  readonly title: string;
  readonly least: Readonly<Record<string, unknown>>;
  readonly samples: readonly Sample[];
  readonly handled: readonly Handled[];
}

const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF = Buffer.from("%PDF-1.4\n%%EOF\n").toString("base64");
const WAV = Buffer.from("RIFF\0\0\0\0WAVEfmt ").toString("base64");
const SCHEMA = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const CONTEXT = "the gateway's: words are taken out, other entries are tags";

const openAiTool = { type: "function", function: { name: "weather", parameters: SCHEMA } };
const openAiCall = {
  id: "call_1",
  type: "function",
  function: { name: "weather", arguments: '{"city":"Bern"}' },
};
const user = (content: unknown): object => ({ role: "user", content });

const OPENAI: DialectSamples = {
  title: "OpenAI chat completions",
  least: { model: "m", messages: [user("Hello")] },
  samples: [
    {
      field: "messages[system]",
      request: { messages: [{ role: "system", content: "Be brief." }, user("Hello")] },
    },
    {
      field: "messages[developer]",
      request: { messages: [{ role: "developer", content: "Be brief." }, user("Hello")] },
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
      field: "messages[].content text parts",
      request: { messages: [user([{ type: "text", text: "Hello there" }])] },
    },
    {
      field: "messages[].content image_url (data)",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content image_url (address)",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "image_url", image_url: { url: "https://example.com/a.png" } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content image_url.detail",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}`, detail: "low" } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content file (data)",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${PDF}` } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content file (file_id)",
      request: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "file", file: { file_id: "file-1" } },
          ]),
        ],
      },
    },
    {
      field: "messages[].content input_audio",
      request: {
        messages: [
          user([
            { type: "text", text: "Hear" },
            { type: "input_audio", input_audio: { data: WAV, format: "wav" } },
          ]),
        ],
      },
    },
    { field: "messages[].name", request: { messages: [{ role: "user", name: "ann", content: "Hello" }] } },
    {
      field: "messages[assistant].tool_calls, messages[tool]",
      request: {
        tools: [openAiTool],
        messages: [
          user("Hello"),
          { role: "assistant", content: null, tool_calls: [openAiCall] },
          { role: "tool", tool_call_id: "call_1", content: "rain" },
        ],
      },
    },
    {
      field: "messages[assistant] last",
      request: { messages: [user("Hello"), { role: "assistant", content: "Well," }] },
    },
    {
      field: "messages[assistant].reasoning_content",
      request: {
        messages: [
          user("Hello"),
          { role: "assistant", content: "Hi", reasoning_content: "A greeting." },
          user("Go on"),
        ],
      },
    },
    {
      field: "messages[assistant].thinking_blocks",
      request: {
        messages: [
          user("Hello"),
          {
            role: "assistant",
            content: "Hi",
            thinking_blocks: [{ type: "thinking", thinking: "A greeting.", signature: "c2ln" }],
          },
          user("Go on"),
        ],
      },
    },
    {
      field: "messages[].content cache_control",
      request: { messages: [user([{ type: "text", text: "Hello", cache_control: { type: "ephemeral" } }])] },
    },
    { field: "tools", request: { tools: [openAiTool] } },
    {
      field: "tools[].function.strict",
      request: {
        tools: [{ type: "function", function: { name: "weather", parameters: SCHEMA, strict: true } }],
      },
    },
    { field: "tools[custom]", request: { tools: [{ type: "custom", custom: { name: "c" } }] } },
    { field: "functions", request: { functions: [{ name: "weather", parameters: SCHEMA }] } },
    { field: "tool_choice: required", request: { tools: [openAiTool], tool_choice: "required" } },
    { field: "tool_choice: none", request: { tools: [openAiTool], tool_choice: "none" } },
    {
      field: "tool_choice, one tool",
      request: { tools: [openAiTool], tool_choice: { type: "function", function: { name: "weather" } } },
    },
    {
      field: "function_call",
      request: { functions: [{ name: "weather", parameters: SCHEMA }], function_call: { name: "weather" } },
    },
    { field: "parallel_tool_calls: false", request: { tools: [openAiTool], parallel_tool_calls: false } },
    { field: "max_tokens", request: { max_tokens: 900 } },
    { field: "max_completion_tokens", request: { max_completion_tokens: 900 } },
    { field: "temperature", request: { temperature: 0.7 } },
    { field: "temperature above 1", request: { temperature: 1.7 } },
    { field: "top_p", request: { top_p: 0.9 } },
    { field: "top_k (engines)", request: { top_k: 40 } },
    { field: "stop", request: { stop: ["END"] } },
    {
      field: "response_format: json_schema",
      request: {
        response_format: {
          type: "json_schema",
          json_schema: { name: "answer", schema: SCHEMA, strict: true },
        },
      },
    },
    { field: "response_format: json_object", request: { response_format: { type: "json_object" } } },
    { field: "reasoning_effort", request: { reasoning_effort: "high", max_completion_tokens: 40_000 } },
    { field: "service_tier: flex", request: { service_tier: "flex" } },
    { field: "prompt_cache_key", request: { prompt_cache_key: "k" } },
    { field: "prompt_cache_retention", request: { prompt_cache_retention: "24h" } },
    { field: "prompt_cache_options", request: { prompt_cache_options: { ttl: "1h" } } },
    { field: "n", request: { n: 2 } },
    { field: "seed", request: { seed: 7 } },
    { field: "logprobs", request: { logprobs: true } },
    { field: "top_logprobs", request: { logprobs: true, top_logprobs: 2 } },
    { field: "logit_bias", request: { logit_bias: { 50256: -100 } } },
    { field: "presence_penalty", request: { presence_penalty: 0.5 } },
    { field: "frequency_penalty", request: { frequency_penalty: 0.5 } },
    { field: "prediction", request: { prediction: { type: "content", content: "x" } } },
    { field: "verbosity", request: { verbosity: "low" } },
    {
      field: "modalities: audio",
      request: { modalities: ["text", "audio"], audio: { voice: "alloy", format: "wav" } },
    },
    { field: "audio", request: { audio: { voice: "alloy", format: "wav" } } },
    { field: "web_search_options", request: { web_search_options: {} } },
    { field: "moderation", request: { moderation: { model: "omni" } } },
    { field: "store: true", request: { store: true } },
  ],
  handled: [
    { field: "model", how: "the gateway's: a task, a target, an alias or an upstream id" },
    { field: "metadata", how: `${CONTEXT}; OpenAI takes them only with \`store\`` },
    { field: "stream", how: "the gateway's" },
    {
      field: "stream_options",
      how: "the gateway's: usage is always asked for, and told where the client asked",
    },
    {
      field: "user",
      how: "of the same dialect passed; of another it is left out: the context's `user` is a word",
    },
    { field: "safety_identifier", how: "as `user`" },
  ],
};

const responsesTool = { type: "function", name: "weather", parameters: SCHEMA, strict: false };
const item = (content: unknown[]): object => ({ type: "message", role: "user", content });

const RESPONSES: DialectSamples = {
  title: "OpenAI Responses",
  least: { model: "m", input: "Hello" },
  samples: [
    { field: "input as items", request: { input: [item([{ type: "input_text", text: "Hello there" }])] } },
    { field: "instructions", request: { instructions: "Be brief." } },
    {
      field: "input[developer]",
      request: {
        input: [{ role: "developer", content: "Be brief." }, item([{ type: "input_text", text: "Hello" }])],
      },
    },
    {
      field: "input[].content input_image (data)",
      request: {
        input: [
          item([
            { type: "input_text", text: "See" },
            { type: "input_image", image_url: `data:image/png;base64,${PNG}` },
          ]),
        ],
      },
    },
    {
      field: "input[].content input_image (address)",
      request: {
        input: [
          item([
            { type: "input_text", text: "See" },
            { type: "input_image", image_url: "https://example.com/a.png" },
          ]),
        ],
      },
    },
    {
      field: "input[].content input_image (file_id)",
      request: { input: [item([{ type: "input_image", file_id: "file-1" }])] },
    },
    {
      field: "input[].content input_file (data)",
      request: {
        input: [
          item([
            { type: "input_text", text: "See" },
            { type: "input_file", filename: "a.pdf", file_data: `data:application/pdf;base64,${PDF}` },
          ]),
        ],
      },
    },
    {
      field: "input[function_call], input[function_call_output]",
      request: {
        tools: [responsesTool],
        input: [
          item([{ type: "input_text", text: "Hello" }]),
          { type: "function_call", call_id: "call_1", name: "weather", arguments: '{"city":"Bern"}' },
          { type: "function_call_output", call_id: "call_1", output: "rain" },
        ],
      },
    },
    {
      field: "input[reasoning] of another maker",
      request: {
        input: [
          item([{ type: "input_text", text: "Hello" }]),
          { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAAA" },
          { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
          item([{ type: "input_text", text: "Go on" }]),
        ],
      },
    },
    { field: "input[item_reference]", request: { input: [{ type: "item_reference", id: "msg_1" }] } },
    { field: "tools[function]", request: { tools: [responsesTool] } },
    { field: "tools[function].strict", request: { tools: [{ ...responsesTool, strict: true }] } },
    { field: "tools[custom]", request: { tools: [{ type: "custom", name: "c" }] } },
    { field: "tool_choice: required", request: { tools: [responsesTool], tool_choice: "required" } },
    {
      field: "tool_choice, one tool",
      request: { tools: [responsesTool], tool_choice: { type: "function", name: "weather" } },
    },
    { field: "parallel_tool_calls: false", request: { tools: [responsesTool], parallel_tool_calls: false } },
    { field: "max_output_tokens", request: { max_output_tokens: 900 } },
    { field: "max_tool_calls", request: { max_tool_calls: 3 } },
    { field: "temperature", request: { temperature: 0.7 } },
    { field: "top_p", request: { top_p: 0.9 } },
    { field: "top_logprobs", request: { top_logprobs: 2 } },
    {
      field: "text.format: json_schema",
      request: { text: { format: { type: "json_schema", name: "answer", schema: SCHEMA, strict: true } } },
    },
    { field: "text.format: json_object", request: { text: { format: { type: "json_object" } } } },
    { field: "text.verbosity", request: { text: { verbosity: "low" } } },
    { field: "reasoning.effort", request: { reasoning: { effort: "high" }, max_output_tokens: 40_000 } },
    { field: "reasoning.summary", request: { reasoning: { summary: "detailed" } } },
    { field: "include: reasoning.encrypted_content", request: { include: ["reasoning.encrypted_content"] } },
    { field: "include, others", request: { include: ["message.output_text.logprobs"] } },
    { field: "truncation: auto", request: { truncation: "auto" } },
    { field: "service_tier: flex", request: { service_tier: "flex" } },
    { field: "prompt_cache_key", request: { prompt_cache_key: "k" } },
    { field: "prompt_cache_retention", request: { prompt_cache_retention: "24h" } },
    { field: "prompt_cache_options", request: { prompt_cache_options: { ttl: "1h" } } },
    { field: "context_management", request: { context_management: [{ type: "compaction" }] } },
    { field: "moderation", request: { moderation: { model: "omni" } } },
    { field: "access_programs", request: { access_programs: ["x"] } },
  ],
  handled: [
    { field: "model", how: "the gateway's: a task, a target, an alias or an upstream id" },
    { field: "metadata", how: CONTEXT },
    { field: "stream", how: "the gateway's" },
    { field: "stream_options", how: "of the same dialect passed; of another it has no effect" },
    { field: "store", how: "the gateway's: it keeps replies by tenant; upstreams are told `store: false`" },
    { field: "previous_response_id", how: "the gateway's: the turns before are put in front of the input" },
    {
      field: "user",
      how: "of the same dialect passed; of another it is left out: the context's `user` is a word",
    },
    { field: "safety_identifier", how: "as `user`" },
    { field: "background", how: "refused when true" },
    { field: "conversation", how: "refused" },
    { field: "prompt", how: "refused" },
    {
      field: "tools[web_search, file_search, code_interpreter, image_generation, mcp, …]",
      how: "refused as `unpriced`: the provider charges them by the call",
    },
  ],
};

const claudeTool = { name: "weather", input_schema: SCHEMA };

const ANTHROPIC: DialectSamples = {
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
    },
    { field: "tools", request: { tools: [claudeTool] } },
    { field: "tools[].strict", request: { tools: [{ ...claudeTool, strict: true }] } },
    {
      field: "tools[].cache_control",
      request: { tools: [{ ...claudeTool, cache_control: { type: "ephemeral" } }] },
    },
    {
      field: "tools[web_search, code_execution, …]",
      request: { tools: [{ type: "web_search_20250305", name: "web_search" }] },
    },
    { field: "tool_choice: any", request: { tools: [claudeTool], tool_choice: { type: "any" } } },
    {
      field: "tool_choice: tool",
      request: { tools: [claudeTool], tool_choice: { type: "tool", name: "weather" } },
    },
    { field: "tool_choice: none", request: { tools: [claudeTool], tool_choice: { type: "none" } } },
    {
      field: "tool_choice.disable_parallel_tool_use",
      request: { tools: [claudeTool], tool_choice: { type: "auto", disable_parallel_tool_use: true } },
    },
    { field: "temperature", request: { temperature: 0.7 } },
    { field: "top_p", request: { top_p: 0.9 } },
    { field: "top_k", request: { top_k: 40 } },
    { field: "stop_sequences", request: { stop_sequences: ["END"] } },
    {
      field: "thinking: enabled",
      request: { max_tokens: 40_000, thinking: { type: "enabled", budget_tokens: 5_000 } },
    },
    { field: "thinking: adaptive", request: { max_tokens: 40_000, thinking: { type: "adaptive" } } },
    {
      field: "output_config.effort",
      request: { max_tokens: 40_000, thinking: { type: "adaptive" }, output_config: { effort: "low" } },
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
    { field: "context_management", request: { context_management: { edits: [] } } },
  ],
  handled: [
    { field: "model", how: "the gateway's: a task, a target, an alias or an upstream id" },
    {
      field: "metadata",
      how: `${CONTEXT}; \`user_id\` is the word \`user\` and goes on to Anthropic and Claude on Bedrock`,
    },
    { field: "stream", how: "the gateway's" },
  ],
};

const converseTool = { toolSpec: { name: "weather", inputSchema: { json: SCHEMA } } };
const converseUser = (...content: object[]): object => ({ role: "user", content });

const BEDROCK: DialectSamples = {
  title: "Bedrock Converse",
  least: { messages: [converseUser({ text: "Hello" })] },
  samples: [
    { field: "system", request: { system: [{ text: "Be brief." }] } },
    {
      field: "system cachePoint",
      request: { system: [{ text: "Be brief." }, { cachePoint: { type: "default" } }] },
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
    },
    {
      field: "toolConfig.toolChoice: tool",
      request: { toolConfig: { tools: [converseTool], toolChoice: { tool: { name: "weather" } } } },
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
    },
    {
      field: "additionalModelRequestFields.thinking",
      request: {
        inferenceConfig: { maxTokens: 40_000 },
        additionalModelRequestFields: { thinking: { type: "enabled", budget_tokens: 5_000 } },
      },
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

export const SAMPLES: Readonly<Record<Dialect, DialectSamples>> = {
  openai: OPENAI,
  responses: RESPONSES,
  anthropic: ANTHROPIC,
  bedrock: BEDROCK,
};
