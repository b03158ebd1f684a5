import { AppError } from "../../../core/errors.ts";
import type { MemberEdits } from "../../../core/splice.ts";
import type { ParsedRequest, ParseInput } from "../dialect.ts";
import { Envelope, passedHeaders, scanBody } from "../envelope.ts";
import { readMetadata } from "../metadata.ts";
import { refuseHostedTools } from "./hosted-tools.ts";

/** Client headers that mean something to an upstream: its own features, and tracing. */
const PASSED_HEADERS = ["openai-beta", "x-request-id", "traceparent", "tracestate"] as const;
const NO_EDITS: MemberEdits = new Map();
const MOST_OUTPUT_TOKENS = 2 ** 31 - 1;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const QUOTE = 0x22;

/**
 * Reads the envelope of a Responses request. What no target may be asked for is refused here, so that it holds where the
 * bytes pass to OpenAI, too. `previous_response_id` is resolved later.
 * https://platform.openai.com/docs/api-reference/responses/create
 *
 * @throws AppError unsupported_parameter, or unpriced for tools that cost by the call
 */
export function parseResponsesRequest(input: ParseInput): ParsedRequest {
  const { bytes, operation } = input;
  const members = scanBody(bytes);
  const envelope = new Envelope(bytes, members);
  const metadata = readMetadata(bytes, envelope.member("metadata"), input.metadataWords);
  const isChat = operation === "chat";
  if (isChat) envelope.refuseUnless("input", OPEN_ARRAY, "a text or a list of items", QUOTE);
  refuseElsewhere(envelope);
  refuseHostedTools(bytes, envelope);
  const limit = envelope.count("max_output_tokens", 1);
  return {
    request: {
      dialect: "responses",
      operation,
      bytes,
      members,
      inside: bytes.indexOf(OPEN_OBJECT) + 1,
      model: envelope.text("model"),
      stream: isChat && (envelope.boolean("stream") ?? false),
      includeUsage: true,
      maxOutputTokens: limit === undefined ? undefined : Math.min(limit, MOST_OUTPUT_TOKENS),
      choices: 1,
      // Here, unlike in chat completions, the API keeps what it is not told to forget.
      store: isChat && (envelope.boolean("store") ?? true),
      wordEdits: metadata.edit === undefined ? NO_EDITS : new Map([["metadata", metadata.edit.value]]),
      headers: passedHeaders(input.headers, PASSED_HEADERS),
    },
    words: metadata.words,
    tags: metadata.tags,
  };
}

/** What is kept at OpenAI, or would go on there when nobody listens any more. */
function refuseElsewhere(envelope: Envelope): void {
  if (envelope.boolean("background") === true)
    throw unsupported("background", "a response runs as long as its client listens; leave it out or stream");
  if (isThere(envelope, "conversation"))
    throw unsupported(
      "conversation",
      "conversations that a provider keeps are not known here; use previous_response_id or send all of the input",
    );
  if (isThere(envelope, "prompt"))
    throw unsupported(
      "prompt",
      "templates that a provider keeps are not known here; send their text as instructions and input",
    );
}

function isThere(envelope: Envelope, key: string): boolean {
  return (envelope.value(key) ?? undefined) !== undefined;
}

function unsupported(key: string, why: string): AppError {
  return new AppError("unsupported_parameter", `${key}: ${why}`, { advises: true });
}
