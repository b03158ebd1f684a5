import type { MemberEdits } from "../../../core/splice.ts";
import type { Operation } from "../../../core/wire.ts";
import type { ParsedRequest, ParseInput } from "../dialect.ts";
import { Envelope, passedHeaders, scanBody } from "../envelope.ts";
import { readMetadata } from "../metadata.ts";
import { refuseUnpriced } from "./unpriced.ts";
import { completionChoices } from "./completion-choices.ts";

/** Client headers that mean something to an upstream: its own features, and tracing. */
const PASSED_HEADERS = ["openai-beta", "x-request-id", "traceparent", "tracestate"] as const;
const NO_EDITS: MemberEdits = new Map();
const MAX_CHOICES = 128;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const LETTER_N = 0x6e;

/**
 * Reads the envelope of a request for chat, completions or embeddings. Only what Switchyard acts on is looked at; what else stands in
 * the body is between client and engine.
 */
export function parseOpenAiRequest(input: ParseInput): ParsedRequest {
  const { bytes, operation } = input;
  const members = scanBody(bytes);
  const envelope = new Envelope(bytes, members);
  const metadata = readMetadata(bytes, envelope.member("metadata"), input.metadataWords);
  const stream = envelope.boolean("stream") ?? false;
  const generates = operation === "chat" || operation === "completions";
  if (operation === "chat") {
    envelope.refuseUnless("messages", OPEN_ARRAY, "a list of messages");
    refuseUnpriced(members, envelope);
  }
  if (generates) envelope.refuseUnless("stream_options", OPEN_OBJECT, "an object", LETTER_N);
  return {
    request: {
      dialect: "openai",
      operation,
      bytes,
      members,
      inside: bytes.indexOf(OPEN_OBJECT) + 1,
      model: envelope.text("model"),
      stream: generates && stream,
      includeUsage: stream && asksForUsage(envelope),
      maxOutputTokens: limitOf(envelope, operation),
      choices: choicesOf(envelope, operation),
      store: envelope.boolean("store") ?? false,
      wordEdits: metadata.edit === undefined ? NO_EDITS : new Map([["metadata", metadata.edit.value]]),
      headers: passedHeaders(input.headers, PASSED_HEADERS),
    },
    words: metadata.words,
    tags: metadata.tags,
  };
}

function choicesOf(envelope: Envelope, operation: Operation): number {
  if (operation === "completions") return completionChoices(envelope, MAX_CHOICES);
  return operation === "chat" ? (envelope.count("n", 1, MAX_CHOICES) ?? 1) : 1;
}

/** The newer name is one of chat: no engine knows it in completions, where it limits nothing. */
function limitOf(envelope: Envelope, operation: Operation): number | undefined {
  const newer = operation === "chat" ? envelope.count("max_completion_tokens", 1) : undefined;
  return largest(newer, envelope.count("max_tokens", 1));
}

/** Of two limits the engine may know only one, so the larger is what counts. */
function largest(first: number | undefined, second: number | undefined): number | undefined {
  const limit = first === undefined || second === undefined ? (first ?? second) : Math.max(first, second);
  return limit === undefined ? undefined : Math.min(limit, 2 ** 31 - 1);
}

function asksForUsage(envelope: Envelope): boolean {
  const options = envelope.value("stream_options");
  return (options as { include_usage?: unknown } | null | undefined)?.include_usage === true;
}
