import type { MemberEdits } from "../../../core/splice.ts";
import type { ParsedRequest, ParseInput } from "../dialect.ts";
import { Envelope, passedHeaders, scanBody } from "../envelope.ts";
import { isFields } from "../fields.ts";
import { readMetadata, type Metadata } from "../metadata.ts";
import { refuseHostedTools } from "./hosted-tools.ts";
import { userOf } from "./user-id.ts";

/** Client headers that mean something to an upstream: the API's version and its new features, and tracing. */
const PASSED_HEADERS = [
  "anthropic-version",
  "anthropic-beta",
  "x-request-id",
  "traceparent",
  "tracestate",
] as const;
const NO_EDITS: MemberEdits = new Map();
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const LETTER_N = 0x6e;
const MOST_TOKENS = 2 ** 31 - 1;

/**
 * Reads the envelope of a request to Messages or to its counter. Only what Switchyard acts on is looked at; what else
 * stands in the body is between client and upstream.
 *
 * @throws AppError invalid_request, context_invalid, or unpriced for tools that cost by the call
 */
export function parseAnthropicRequest(input: ParseInput): ParsedRequest {
  const { bytes, operation } = input;
  const members = scanBody(bytes);
  const envelope = new Envelope(bytes, members);
  envelope.refuseUnless("messages", OPEN_ARRAY, "a list of messages");
  envelope.refuseUnless("metadata", OPEN_OBJECT, "an object", LETTER_N);
  if (operation === "chat") refuseHostedTools(bytes, envelope.member("tools"));
  const metadata = readMetadata(bytes, envelope.member("metadata"), input.metadataWords);
  const stream = envelope.boolean("stream") ?? false;
  // 0 is legal: it fills the prompt cache and generates nothing.
  const limit = envelope.count("max_tokens", 0);
  return {
    request: {
      dialect: "anthropic",
      operation,
      bytes,
      members,
      inside: bytes.indexOf(OPEN_OBJECT) + 1,
      model: envelope.text("model"),
      stream: operation === "chat" && stream,
      includeUsage: true,
      maxOutputTokens: limit === undefined ? undefined : Math.min(limit, MOST_TOKENS),
      choices: 1,
      store: false,
      wordEdits: metadata.edit === undefined ? NO_EDITS : new Map([["metadata", metadata.edit.value]]),
      headers: passedHeaders(input.headers, PASSED_HEADERS),
    },
    ...aboutUser(metadata, envelope),
  };
}

/** `metadata.user_id` is Anthropic's own: it stays in the body, and names the user where nothing of ours does. */
function aboutUser(
  { words, tags }: Metadata,
  envelope: Envelope,
): Pick<ParsedRequest, "words" | "tags" | "user"> {
  const metadata = envelope.value("metadata");
  if (!isFields(metadata) || metadata["user_id"] === undefined) return { words, tags };
  const { user_id: _userId, ...rest } = tags;
  return { words, tags: rest, user: userOf(metadata["user_id"]) };
}
