/** What the framing of chat adds to each message. https://github.com/openai/openai-cookbook (How to count tokens) */
const MESSAGE_FRAME = "\n\n\n";

/** What stands in a body and is no text that a model reads or writes. */
const SKIPPED: ReadonlySet<string> = new Set([
  "bytes",
  "data",
  "redactedContent",
  "signature",
  "uri",
  "bucketOwner",
  "url",
  "image_url",
  "media_type",
  "format",
  "type",
  "role",
  "status",
  "id",
  "toolUseId",
  "tool_use_id",
  "tool_call_id",
  "stop_reason",
  "stopReason",
  "finish_reason",
  "completionReason",
  "citations",
  "cachePoint",
  "cache_control",
  "body",
  "additionalModelRequestFields",
  "embeddingPurpose",
  "truncationMode",
]);

/** What a model reads or writes as JSON, names and all. */
const AS_JSON: ReadonlySet<string> = new Set(["json", "input_schema", "parameters"]);
/** As JSON too, where they are objects: a call's arguments; a piece of them in a stream is a text. */
const ARGUMENTS = "input";

/** The texts of a request, in order, with what frames its messages. */
export function collectRequest(value: unknown, name: string, texts: string[]): void {
  collect(value, name, texts, MESSAGE_FRAME);
}

/** The texts of a reply, in order. */
export function collectReply(value: unknown, name: string, texts: string[]): void {
  collect(value, name, texts, "");
}

function collect(value: unknown, name: string, texts: string[], frame: string): void {
  if (typeof value === "string") texts.push(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, name, texts, frame);
  else if (typeof value === "object" && value !== null) collectMembers(value, name, texts, frame);
}

function collectMembers(object: object, name: string, texts: string[], frame: string): void {
  if (AS_JSON.has(name)) {
    texts.push(JSON.stringify(object));
    return;
  }
  const fields = object as Readonly<Record<string, unknown>>;
  if (fields["role"] !== undefined) texts.push(frame);
  // The input of a call has a name beside it; that of CountTokens is a body.
  const isCall = fields["name"] !== undefined;
  for (const key in fields) {
    if (SKIPPED.has(key)) continue;
    const value = fields[key];
    if (isCall && key === ARGUMENTS && typeof value === "object") texts.push(JSON.stringify(value));
    else collect(value, key, texts, frame);
  }
}
