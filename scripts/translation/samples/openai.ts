import { CONTEXT, PDF, PNG, SCHEMA, WAV, user, type DialectSamples } from "./sample.ts";

const openAiTool = { type: "function", function: { name: "weather", parameters: SCHEMA } };
const openAiCall = {
  id: "call_1",
  type: "function",
  function: { name: "weather", arguments: '{"city":"Bern"}' },
};

export const OPENAI: DialectSamples = {
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
      without: {
        messages: [
          user([
            { type: "text", text: "See" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${PNG}` } },
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
      without: { messages: [user("Hello"), { role: "assistant", content: "Hi" }, user("Go on")] },
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
      without: { messages: [user("Hello"), { role: "assistant", content: "Hi" }, user("Go on")] },
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
      without: { tools: [openAiTool] },
    },
    { field: "tools[custom]", request: { tools: [{ type: "custom", custom: { name: "c" } }] } },
    { field: "functions", request: { functions: [{ name: "weather", parameters: SCHEMA }] } },
    {
      field: "tool_choice: required",
      request: { tools: [openAiTool], tool_choice: "required" },
      without: { tools: [openAiTool] },
    },
    {
      field: "tool_choice: none",
      request: { tools: [openAiTool], tool_choice: "none" },
      without: { tools: [openAiTool] },
    },
    {
      field: "tool_choice, one tool",
      request: { tools: [openAiTool], tool_choice: { type: "function", function: { name: "weather" } } },
      without: { tools: [openAiTool] },
    },
    {
      field: "function_call",
      request: { functions: [{ name: "weather", parameters: SCHEMA }], function_call: { name: "weather" } },
    },
    {
      field: "parallel_tool_calls: false",
      request: { tools: [openAiTool], parallel_tool_calls: false },
      without: { tools: [openAiTool] },
    },
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
    {
      field: "reasoning_effort",
      request: { reasoning_effort: "high", max_completion_tokens: 40_000 },
      without: { max_completion_tokens: 40_000 },
    },
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
    { field: "modalities: audio", how: "refused as `unpriced`; `text` alone asks for nothing" },
    { field: "audio", how: "refused as `unpriced`" },
    { field: "web_search_options", how: "refused as `unpriced`: the provider charges searches by the call" },
  ],
};
