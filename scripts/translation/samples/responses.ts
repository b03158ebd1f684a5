import { CONTEXT, PDF, PNG, SCHEMA, type DialectSamples } from "./sample.ts";

const responsesTool = { type: "function", name: "weather", parameters: SCHEMA, strict: false };
const item = (content: unknown[]): object => ({ type: "message", role: "user", content });

export const RESPONSES: DialectSamples = {
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
      without: {
        input: [
          item([{ type: "input_text", text: "Hello" }]),
          { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] },
          item([{ type: "input_text", text: "Go on" }]),
        ],
      },
    },
    { field: "input[item_reference]", request: { input: [{ type: "item_reference", id: "msg_1" }] } },
    { field: "tools[function]", request: { tools: [responsesTool] } },
    {
      field: "tools[function].strict",
      request: { tools: [{ ...responsesTool, strict: true }] },
      without: { tools: [responsesTool] },
    },
    { field: "tools[custom]", request: { tools: [{ type: "custom", name: "c" }] } },
    {
      field: "tool_choice: required",
      request: { tools: [responsesTool], tool_choice: "required" },
      without: { tools: [responsesTool] },
    },
    {
      field: "tool_choice, one tool",
      request: { tools: [responsesTool], tool_choice: { type: "function", name: "weather" } },
      without: { tools: [responsesTool] },
    },
    {
      field: "parallel_tool_calls: false",
      request: { tools: [responsesTool], parallel_tool_calls: false },
      without: { tools: [responsesTool] },
    },
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
    {
      field: "reasoning.effort",
      request: { reasoning: { effort: "high" }, max_output_tokens: 40_000 },
      without: { max_output_tokens: 40_000 },
    },
    { field: "reasoning.summary", request: { reasoning: { summary: "detailed" } } },
    { field: "include: reasoning.encrypted_content", request: { include: ["reasoning.encrypted_content"] } },
    { field: "include, others", request: { include: ["message.output_text.logprobs"] } },
    { field: "truncation: auto", request: { truncation: "auto" } },
    { field: "service_tier: flex", request: { service_tier: "flex" } },
    { field: "prompt_cache_key", request: { prompt_cache_key: "k" } },
    { field: "prompt_cache_retention", request: { prompt_cache_retention: "24h" } },
    { field: "prompt_cache_options", request: { prompt_cache_options: { ttl: "1h" } } },
    { field: "context_management", request: { context_management: [{ type: "compaction" }] } },
    { field: "image", request: { image: { quality: "low" } } },
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
