import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../../../core/errors.ts";
import { JsonFault, memberValue, scanObject, type JsonMember } from "../../../core/json-scan.ts";
import type { MemberEdits } from "../../../core/splice.ts";
import type { ParsedRequest, ParseInput } from "../dialect.ts";
import { readMetadata } from "./metadata.ts";

/** Client headers that mean something to an upstream: its own features, and tracing. */
const PASSED_HEADERS = ["openai-beta", "x-request-id", "traceparent", "tracestate"] as const;
const NO_EDITS: MemberEdits = new Map();
const MAX_CHOICES = 128;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const LETTER_N = 0x6e;

/**
 * Reads the envelope of a chat or embeddings request. Only what Switchyard acts on is looked at; what else stands in
 * the body is between client and engine.
 */
export function parseOpenAiRequest(input: ParseInput): ParsedRequest {
  const { bytes, operation } = input;
  const members = scan(bytes);
  const envelope = new Envelope(bytes, members);
  const metadata = readMetadata(bytes, envelope.member("metadata"), input.metadataWords);
  const stream = envelope.boolean("stream") ?? false;
  if (operation === "chat") {
    envelope.refuseUnless("messages", OPEN_ARRAY, "a list of messages");
    envelope.refuseUnless("stream_options", OPEN_OBJECT, "an object", LETTER_N);
  }
  return {
    request: {
      dialect: "openai",
      operation,
      bytes,
      members,
      inside: bytes.indexOf(OPEN_OBJECT) + 1,
      model: envelope.text("model"),
      stream: operation === "chat" && stream,
      includeUsage: stream && asksForUsage(envelope),
      maxOutputTokens: largest(envelope.count("max_completion_tokens", 1), envelope.count("max_tokens", 1)),
      choices: operation === "chat" ? (envelope.count("n", 1, MAX_CHOICES) ?? 1) : 1,
      store: envelope.boolean("store") ?? false,
      wordEdits: metadata.edit === undefined ? NO_EDITS : new Map([["metadata", metadata.edit.value]]),
      headers: passedHeaders(input.headers),
    },
    words: metadata.words,
    tags: metadata.tags,
  };
}

/** Of two limits the engine may know only one, so the larger is what counts. */
function largest(first: number | undefined, second: number | undefined): number | undefined {
  const limit = first === undefined || second === undefined ? (first ?? second) : Math.max(first, second);
  return limit === undefined ? undefined : Math.min(limit, 2 ** 31 - 1);
}

function scan(bytes: Buffer): JsonMember[] {
  if (bytes.length === 0) throw new AppError("invalid_request", "the body is empty; send a JSON object");
  try {
    return scanObject(bytes);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new AppError("invalid_request", `the body is not the JSON expected: ${error.message}`);
  }
}

function asksForUsage(envelope: Envelope): boolean {
  const options = envelope.value("stream_options");
  return (options as { include_usage?: unknown } | null | undefined)?.include_usage === true;
}

function passedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED_HEADERS) {
    const value = headers[name];
    if (typeof value === "string") passed[name] = value;
  }
  return passed;
}

/** Typed look-ups in a body's top level; `null` counts as absent, as clients send it. */
class Envelope {
  readonly #bytes: Buffer;
  readonly #members: readonly JsonMember[];

  constructor(bytes: Buffer, members: readonly JsonMember[]) {
    this.#bytes = bytes;
    this.#members = members;
  }

  member(key: string): JsonMember | undefined {
    const members = this.#members;
    for (let index = 0; index < members.length; index++)
      if (members[index]?.key === key) return members[index];
    return undefined;
  }

  value(key: string): unknown {
    const member = this.member(key);
    return member === undefined ? undefined : memberValue(this.#bytes, member);
  }

  text(key: string): string | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined || (typeof value === "string" && value !== "")) return value;
    throw new AppError("invalid_request", `${key}: expected a text that is not empty`);
  }

  boolean(key: string): boolean | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined || typeof value === "boolean") return value;
    throw new AppError("invalid_request", `${key}: expected true or false`);
  }

  count(key: string, least: number, most = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.value(key) ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new AppError("invalid_request", `${key}: expected a whole number ${range}`);
  }

  /** @param open  the byte with which the value must begin, where it is there; or this other one */
  refuseUnless(key: string, open: number, expected: string, other = open): void {
    const member = this.member(key);
    const first = member === undefined ? open : this.#bytes[member.start];
    if (first !== open && first !== other)
      throw new AppError("invalid_request", `${key}: expected ${expected}`);
  }
}
