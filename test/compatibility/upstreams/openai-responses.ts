import { digest, signatureOf, type Answer, type Asked, type Part, type Turn } from "./model.ts";
import { openAiError } from "./openai-errors.ts";
import { imageDigest, readFile } from "./openai-chat.ts";
import {
  halves,
  known,
  list,
  number,
  object,
  propertiesOf,
  refuse,
  sse,
  text,
  type Api,
  type Json,
} from "./api.ts";

const MEMBERS = [
  "model input instructions stream tools tool_choice parallel_tool_calls max_output_tokens temperature top_p text",
  "reasoning include store metadata user truncation service_tier previous_response_id prompt_cache_key background",
  "safety_identifier top_logprobs stream_options max_tool_calls prompt_cache_retention",
]
  .join(" ")
  .split(" ");
const ENCRYPTED = "reasoning.encrypted_content";

interface AskedResponse extends Asked {
  readonly encrypted: boolean;
  /** No two answers have the same. */
  readonly id: number;
}

let answers = 0;

/** https://platform.openai.com/docs/api-reference/responses */
export function openAiResponses(paths: RegExp, admits: Api["admits"]): Api {
  return {
    paths,
    admits,
    read,
    whole: (answer, asked) => response(answer, asked as AskedResponse),
    pieces: (answer, asked) => pieces(answer, asked as AskedResponse),
    beforeBreak: 6,
    streamType: "text/event-stream; charset=utf-8",
    error: openAiError,
    streamError: () =>
      event("error", { code: "server_error", message: "The server had an error.", param: null }),
    other: (path, body) => (path.includes("input_tokens") ? count(body) : undefined),
  };
}

function count(body: Json): object {
  return { object: "response.input_tokens", input_tokens: 10 * inputOf(body).length };
}

function inputOf(body: Json): readonly Json[] {
  const { input } = body;
  if (typeof input === "string") return [{ role: "user", content: input }];
  return list(input, "input").map((each, index) => object(each, `input[${index}]`));
}

function read(body: Json): AskedResponse {
  known(body, MEMBERS, (name) => `Unknown parameter: '${name}'.`);
  refuse(
    body["store"] === false || body["previous_response_id"] === undefined,
    "Previous response not found.",
  );
  const most = number(body["max_output_tokens"], "max_output_tokens");
  refuse(
    most === undefined || most >= 16,
    "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.",
  );
  const reasoning = body["reasoning"] as Json | null | undefined;
  const effort = reasoning?.["effort"];
  const include = (body["include"] ?? []) as readonly string[];
  const items = inputOf(body);
  checkCalls(items);
  const turns = items.map(readItem);
  const first = Math.max(
    0,
    turns.findIndex(({ role }) => role !== "system"),
  );
  const tools = readTools(body);
  const choice = body["tool_choice"] as string | { name: string } | undefined;
  refuse(
    choice === undefined || choice === "auto" || choice === "none" || tools.length > 0,
    "Tool choice 'required' must be specified with 'tools' parameter.",
  );
  return {
    stream: body["stream"] === true,
    system: [
      ...(typeof body["instructions"] === "string" ? [body["instructions"]] : []),
      ...turns.slice(0, first).flatMap(({ parts }) => parts.map((part) => ("text" in part ? part.text : ""))),
    ],
    turns: turns.slice(first),
    tools,
    toolChoice: typeof choice === "object" ? choice.name : choice === "required" ? "any" : choice,
    maxTokens: most,
    temperature: number(body["temperature"], "temperature"),
    stop: [],
    schema: readFormat((body["text"] as Json | undefined)?.["format"] as Json | undefined),
    thinks: effort !== undefined && effort !== null && effort !== "none",
    cachePoints: 0,
    id: answers++,
    encrypted: include.includes(ENCRYPTED),
  };
}

function readFormat(format: Json | undefined): object | undefined {
  if (format?.["type"] !== "json_schema") return undefined;
  refuse(/^[\w-]{1,64}$/.test(text(format["name"], "text.format.name")), "Invalid 'text.format.name'");
  return object(format["schema"], "text.format.schema");
}

function readTools(body: Json): Asked["tools"] {
  return list(body["tools"] ?? [], "tools").map((each, index) => {
    const { type, name, description, parameters } = object(each, `tools[${index}]`);
    refuse(type === "function", `Invalid value: '${String(type)}'.`);
    return {
      name: text(name, `tools[${index}].name`),
      description: (description ?? undefined) as string | undefined,
      properties: propertiesOf(parameters),
    };
  });
}

function checkCalls(items: readonly Json[]): void {
  const ids = (type: string): unknown[] =>
    items.filter((item) => item["type"] === type).map((item) => item["call_id"]);
  const called = ids("function_call");
  const told = ids("function_call_output");
  const lost = called.find((id) => !told.includes(id));
  refuse(lost === undefined, `No tool output found for function call ${String(lost)}.`);
  const unasked = told.find((id) => !called.includes(id));
  refuse(
    unasked === undefined,
    `No tool call found for function call output with call_id ${String(unasked)}.`,
  );
}

function readItem(item: Json, index: number): Turn {
  const place = `input[${index}]`;
  switch (item["type"] ?? "message") {
    case "message":
      return readMessage(item, place);
    case "function_call":
      JSON.parse(text(item["arguments"], `${place}.arguments`));
      return {
        role: "assistant",
        parts: [
          {
            type: "call",
            id: text(item["call_id"], "call_id"),
            name: text(item["name"], "name"),
            input: String(item["arguments"]),
          },
        ],
      };
    case "function_call_output": {
      const { output } = item;
      const told =
        typeof output === "string"
          ? output
          : list(output, `${place}.output`)
              .map((part) => text(object(part, "part")["text"], `${place}.output.text`))
              .join("");
      return {
        role: "user",
        parts: [{ type: "result", id: text(item["call_id"], "call_id"), text: told, isError: false }],
      };
    }
    case "reasoning":
      return { role: "assistant", parts: readThought(item, place) };
    default:
      refuse(false, `Invalid value: '${String(item["type"])}' for ${place}.type.`);
  }
}

/** What was thought comes back encrypted, or it is nothing: with `store: false` nobody knows its id. */
function readThought(item: Json, place: string): Part[] {
  list(item["summary"], `${place}.summary`);
  const encrypted = item["encrypted_content"];
  refuse(
    typeof encrypted === "string",
    `Item with id '${String(item["id"])}' not found. Items are not persisted when 'store' is set to false.`,
  );
  refuse(
    encrypted === signatureOf(String(item["id"]).split("_")[1] ?? ""),
    "The encrypted content could not be verified.",
  );
  return [{ type: "thought" }];
}

function readMessage(item: Json, place: string): Turn {
  const role = text(item["role"], `${place}.role`);
  refuse(["user", "assistant", "system", "developer"].includes(role), `Invalid value: '${role}'.`);
  const { content } = item;
  const allowed =
    role === "assistant" ? ["output_text", "refusal"] : ["input_text", "input_image", "input_file"];
  const parts =
    typeof content === "string"
      ? [{ type: "text", text: content } as const]
      : list(content, `${place}.content`).map((each, at) =>
          readPart(object(each, `${place}.content[${at}]`), allowed),
        );
  return { role: role === "developer" ? "system" : (role as Turn["role"]), parts };
}

function readPart(part: Json, allowed: readonly string[]): Part {
  const type = text(part["type"], "type");
  refuse(allowed.includes(type), `Invalid value: '${type}'. Supported values are: ${allowed.join(", ")}.`);
  if (type === "input_image")
    return { type: "image", digest: imageDigest(text(part["image_url"], "image_url")) };
  if (type === "input_file") return readFile(part, "(?:application/pdf|text/[a-z]+)");
  return { type: "text", text: text(part["text"] ?? part["refusal"], "text") };
}

function itemsOf(answer: Answer, { encrypted, id: place }: AskedResponse): Json[] {
  const { thought } = answer;
  const id = digest(thought ?? "");
  return [
    ...(thought === undefined
      ? []
      : [
          {
            type: "reasoning",
            id: `rs_${id}`,
            summary: [{ type: "summary_text", text: thought }],
            ...(encrypted && { encrypted_content: signatureOf(id) }),
          },
        ]),
    ...(answer.text.length === 0
      ? []
      : [
          {
            type: "message",
            id: `msg_${place}`,
            role: "assistant",
            status: "completed",
            content: [{ type: "output_text", text: answer.text.join(""), annotations: [], logprobs: [] }],
          },
        ]),
    ...answer.calls.map((call, index) => ({
      type: "function_call",
      id: `fc_${place}_${index}`,
      call_id: call.id,
      name: call.name,
      arguments: JSON.stringify(call.input),
      status: "completed",
    })),
  ];
}

function response(
  answer: Answer,
  asked: AskedResponse,
  output = itemsOf(answer, asked),
  status?: string,
): Json {
  const { usage } = answer;
  return {
    id: `resp_${asked.id}`,
    object: "response",
    created_at: 1_760_000_000,
    status: status ?? (answer.stop === "length" ? "incomplete" : "completed"),
    error: null,
    incomplete_details: answer.stop === "length" ? { reason: "max_output_tokens" } : null,
    instructions: null,
    metadata: {},
    model: "model-up",
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    store: false,
    text: {
      format:
        asked.schema === undefined
          ? { type: "text" }
          : { type: "json_schema", name: "place", schema: asked.schema },
    },
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: usage.cached },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: usage.input + usage.output,
    },
  };
}

let sequence = 0;

function event(type: string, members: object): string {
  return `event: ${type}\n${sse({ type, sequence_number: sequence++, ...members })}`;
}

function pieces(answer: Answer, asked: AskedResponse): string[] {
  sequence = 0;
  const begun = { ...response(answer, asked, [], "in_progress"), usage: null, incomplete_details: null };
  const done = response(answer, asked);
  return [
    event("response.created", { response: begun }),
    event("response.in_progress", { response: begun }),
    ...itemsOf(answer, asked).flatMap((item, index) => itemEvents(item, index, answer)),
    event(answer.stop === "length" ? "response.incomplete" : "response.completed", { response: done }),
  ];
}

function itemEvents(item: Json, index: number, answer: Answer): string[] {
  const at = { output_index: index, item_id: item["id"] };
  const wrap = (empty: object, inner: string[]): string[] => [
    event("response.output_item.added", {
      output_index: index,
      item: { ...item, status: "in_progress", ...empty },
    }),
    ...inner,
    event("response.output_item.done", { output_index: index, item }),
  ];
  if (item["type"] === "reasoning") {
    const [{ text: thought }] = item["summary"] as [{ text: string }];
    const part = { ...at, summary_index: 0 };
    return wrap({ summary: [], encrypted_content: undefined }, [
      event("response.reasoning_summary_part.added", { ...part, part: { type: "summary_text", text: "" } }),
      event("response.reasoning_summary_text.delta", { ...part, delta: thought }),
      event("response.reasoning_summary_text.done", { ...part, text: thought }),
      event("response.reasoning_summary_part.done", {
        ...part,
        part: { type: "summary_text", text: thought },
      }),
    ]);
  }
  if (item["type"] === "function_call") {
    const json = String(item["arguments"]);
    return wrap({ arguments: "" }, [
      ...halves(json).map((delta) => event("response.function_call_arguments.delta", { ...at, delta })),
      event("response.function_call_arguments.done", { ...at, name: item["name"], arguments: json }),
    ]);
  }
  const part = { ...at, content_index: 0 };
  const [content] = item["content"] as [Json];
  return wrap({ content: [] }, [
    event("response.content_part.added", { ...part, part: { ...content, text: "" } }),
    ...answer.text.map((delta) => event("response.output_text.delta", { ...part, delta, logprobs: [] })),
    event("response.output_text.done", { ...part, text: content["text"], logprobs: [] }),
    event("response.content_part.done", { ...part, part: content }),
  ]);
}
