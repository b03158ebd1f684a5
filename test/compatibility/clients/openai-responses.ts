import type OpenAI from "openai";
import type { Ask, AskMessage, AskPart, Seen } from "../ask.ts";
import type { Client } from "../client.ts";
import { OPENAI_ERRORS, openAiClient, openAiFailure } from "./openai-chat.ts";
import { Calls, cannot, collect, dataUrl, outcome, resultOf, textsOf, Thrown } from "./shared.ts";

type Params = OpenAI.Responses.ResponseCreateParamsNonStreaming;
type Response = OpenAI.Responses.Response;
type Item = OpenAI.Responses.ResponseInputItem;

/** OpenAI's SDK, Responses. */
export const openAiResponses: Client = {
  name: "openai (npm), responses",
  packages: ["openai"],
  dialect: "responses",
  errors: { ...OPENAI_ERRORS, stream: { name: "APIError|Error" } },
  ask(where, ask) {
    const calls = new Calls();
    return outcome(
      calls,
      () => run(openAiClient(where, calls), where.model, ask),
      (error) => openAiFailure(error) ?? failedResponse(error),
    );
  },
};

/** A stream that fails ends with `response.failed` or an `error` event, which the SDK hands on. */
class ResponseFailed extends Error {}

function failedResponse(error: unknown): ReturnType<typeof openAiFailure> {
  if (!(error instanceof ResponseFailed)) return undefined;
  return { name: "Error", status: undefined, code: "", message: error.message };
}

async function run(client: OpenAI, model: string, ask: Ask): Promise<Omit<Seen, "requests">> {
  const params = paramsOf(model, ask);
  if (ask.count === true) {
    const { input, instructions } = params;
    const counted = await client.responses.inputTokens.count({
      model,
      input: input ?? null,
      instructions: instructions ?? null,
    });
    return { text: "", thoughts: "", calls: [], finish: "none", counted: counted.input_tokens };
  }
  const first = await answer(client, params, ask);
  const called = first.output.filter((item) => item.type === "function_call");
  if (ask.next !== undefined)
    return seenOf(await answer(client, { ...params, input: ask.next, previous_response_id: first.id }, ask));
  if (ask.results === undefined || called.length === 0) return seenOf(first);
  const results = called.map((call): Item => ({
    type: "function_call_output",
    call_id: call.call_id,
    output: resultOf(ask, call.name).text,
  }));
  const input = [...(params.input as Item[]), ...(first.output as Item[]), ...results];
  return seenOf(await answer(client, { ...params, input }, ask));
}

function paramsOf(model: string, ask: Ask): Params {
  const { toolChoice, schema, system = [] } = ask;
  if (ask.stop !== undefined) cannot("has no stop sequences");
  if (ask.cache === true) cannot("marks nothing for caches");
  const [instructions, ...later] = ask.systemRole === undefined ? system : [];
  const developer = ask.systemRole === undefined ? later : system;
  return {
    model,
    ...(instructions !== undefined && { instructions }),
    input: [
      ...developer.map((text): Item => ({ role: "developer", content: text })),
      ...ask.messages.map(messageOf),
    ],
    ...(ask.tools && {
      tools: ask.tools.map(({ name, description, schema: parameters }) => ({
        type: "function" as const,
        name,
        description,
        parameters,
        strict: null,
      })),
    }),
    ...(toolChoice !== undefined && {
      tool_choice: toolChoice === "any" ? "required" : { type: "function", name: toolChoice.tool },
    }),
    ...(ask.maxTokens !== undefined && { max_output_tokens: ask.maxTokens }),
    ...(ask.temperature !== undefined && { temperature: ask.temperature }),
    ...(schema && { text: { format: { type: "json_schema", name: "place", schema, strict: true } } }),
    // As agents do that keep their history themselves.
    ...(ask.next === undefined && { store: false }),
    ...(ask.thinking === true && {
      reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content"],
    }),
  };
}

function messageOf({ role, parts }: AskMessage): Item {
  if (role !== "user" || parts.every(({ type }) => type === "text")) return { role, content: textsOf(parts) };
  return { role, content: parts.map(partOf) };
}

function partOf(part: AskPart): OpenAI.Responses.ResponseInputContent {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image":
      return { type: "input_image", detail: "auto", image_url: dataUrl(part.mediaType, part.base64) };
    case "image-url":
      return { type: "input_image", detail: "auto", image_url: part.url };
    case "document":
      return { type: "input_file", filename: part.name, file_data: dataUrl(part.mediaType, part.base64) };
    case "text-document":
      return cannot("has no documents of plain text");
    default:
      return part satisfies never;
  }
}

async function answer(client: OpenAI, params: Params, ask: Ask): Promise<Response> {
  if (ask.stream !== true) return client.responses.create(params);
  const stream = client.responses.stream(params as Parameters<typeof client.responses.stream>[0]);
  let text = "";
  const read = collect(
    stream,
    (event) => {
      if (event.type === "response.output_text.delta") text += event.delta;
      if (event.type === "response.failed") throw new ResponseFailed(event.response.error?.message ?? "");
      if (event.type === "error") throw new ResponseFailed(event.message);
      if (ask.abort === true && text !== "") stream.abort();
    },
    () => text,
  );
  if (ask.abort === true) {
    await read.catch(() => undefined);
    return { output_text: text, output: [] } as unknown as Response;
  }
  await read;
  const response = await stream.finalResponse();
  if (response.output_text !== text) throw new Thrown(new Error("the deltas are not the text"), text);
  return response;
}

function seenOf(response: Response): Omit<Seen, "requests"> {
  const calls = response.output.flatMap((item) =>
    item.type === "function_call" ? [{ name: item.name, input: JSON.parse(item.arguments) as unknown }] : [],
  );
  const isFull = response.incomplete_details?.reason === "max_output_tokens";
  return {
    text: response.output_text,
    thoughts: response.output
      .flatMap((item) => (item.type === "reasoning" ? item.summary.map(({ text }) => text) : []))
      .join("\n"),
    calls,
    finish: isFull
      ? "length"
      : calls.length > 0
        ? "calls"
        : response.status === "completed"
          ? "end"
          : "other",
    usage: response.usage && {
      input: response.usage.input_tokens,
      output: response.usage.output_tokens,
      cached: response.usage.input_tokens_details.cached_tokens,
      reasoning: response.usage.output_tokens_details.reasoning_tokens,
    },
  };
}
