import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../../../core/errors.ts";
import type { JsonMember } from "../../../core/json-scan.ts";
import type { MemberEdits } from "../../../core/splice.ts";
import type { Operation } from "../../../core/wire.ts";
import { Envelope, passedHeaders, scanBody } from "../envelope.ts";
import type { ParsedRequest, ParseInput } from "../dialect.ts";
import { readMetadata, type Metadata } from "../metadata.ts";
import { CLAUDES_OWN } from "./read-invoke.ts";

/** Where InvokeModel carries what Converse has in its body. */
const METADATA_HEADER = "x-amzn-bedrock-request-metadata";
const TRACING = ["traceparent", "tracestate"] as const;
/** What InvokeModel says in headers. */
const INVOKE_HEADERS = [
  ...TRACING,
  "content-type",
  "accept",
  "x-amzn-bedrock-accept",
  "x-amzn-bedrock-trace",
  "x-amzn-bedrock-guardrailidentifier",
  "x-amzn-bedrock-guardrailversion",
  "x-amzn-bedrock-performanceconfig-latency",
  "x-amzn-bedrock-service-tier",
] as const;
const NO_EDITS: MemberEdits = new Map();
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const LETTER_N = 0x6e;

/** Reads the envelope of a request to Bedrock's runtime; the model and whether it streams stand in the address. */
export function parseBedrockRequest(input: ParseInput): ParsedRequest {
  const { bytes, operation, address } = input;
  const members = scanBody(bytes);
  const envelope = new Envelope(bytes, members);
  if (operation === "chat") checkConverse(envelope);
  const metadata = metadataOf(input, envelope);
  const isClaudes = operation === "invoke" && envelope.member(CLAUDES_OWN) !== undefined;
  return {
    request: {
      dialect: "bedrock",
      operation,
      bytes,
      members,
      inside: bytes.indexOf(OPEN_OBJECT) + 1,
      model: address.model,
      stream: address.stream === true,
      includeUsage: true,
      maxOutputTokens: isClaudes ? count(envelope.value("max_tokens")) : limitOf(operation, envelope),
      ...(isClaudes && { invokeBody: "anthropic" as const }),
      choices: 1,
      store: false,
      wordEdits:
        operation === "chat" && metadata.edit !== undefined
          ? new Map([["requestMetadata", metadata.edit.value]])
          : NO_EDITS,
      headers: headersOf(operation, input.headers, metadata),
    },
    words: metadata.words,
    tags: metadata.tags,
  };
}

function checkConverse(envelope: Envelope): void {
  envelope.refuseUnless("messages", OPEN_ARRAY, "a list of messages", LETTER_N);
  envelope.refuseUnless("inferenceConfig", OPEN_OBJECT, "an object", LETTER_N);
  envelope.refuseUnless("requestMetadata", OPEN_OBJECT, "an object", LETTER_N);
}

function metadataOf({ operation, bytes, headers, metadataWords }: ParseInput, envelope: Envelope): Metadata {
  if (operation === "chat") return readMetadata(bytes, envelope.member("requestMetadata"), metadataWords);
  const text = headers[METADATA_HEADER];
  if (operation !== "invoke" || typeof text !== "string")
    return readMetadata(bytes, undefined, metadataWords);
  const value = Buffer.from(text);
  scanHeader(value);
  const member: JsonMember = { key: METADATA_HEADER, keyStart: 0, start: 0, end: value.length };
  return readMetadata(value, member, metadataWords);
}

function scanHeader(value: Buffer): void {
  try {
    scanBody(value);
  } catch {
    throw new AppError("invalid_request", `the header ${METADATA_HEADER} is no JSON object`);
  }
}

function headersOf(
  operation: Operation,
  headers: IncomingHttpHeaders,
  metadata: Metadata,
): Record<string, string> {
  if (operation !== "invoke") return passedHeaders(headers, TRACING);
  const passed = passedHeaders(headers, INVOKE_HEADERS);
  const sent = headers[METADATA_HEADER];
  const kept = metadata.edit === undefined ? sent : metadata.edit.value;
  if (typeof kept === "string") passed[METADATA_HEADER] = kept;
  return passed;
}

/** The client's own limit of output in Converse; in InvokeModel each model has its own name for it, which its adapter knows. */
function limitOf(operation: Operation, envelope: Envelope): number | undefined {
  return operation === "chat" ? count(nested(envelope, "inferenceConfig", "maxTokens")) : undefined;
}

function nested(envelope: Envelope, outer: string, inner: string): unknown {
  const value = envelope.value(outer);
  return (value as Readonly<Record<string, unknown>> | null | undefined)?.[inner];
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 1
    ? Math.min(value as number, 2 ** 31 - 1)
    : undefined;
}
