import { text, type Headers } from "../http/upstream-reply.ts";

/** What a refusal says of itself. https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization */
export interface AwsError {
  /** The exception's class, without namespace and address; "" where none is named. */
  readonly type: string;
  readonly message: string;
}

/**
 * What an error says of itself, in the header and the body that AWS's services share.
 *
 * @param header  `x-amzn-errortype`
 */
export function readError(header: string | undefined, body: Buffer): AwsError {
  let value: Readonly<Record<string, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(body.toString());
    if (typeof parsed === "object" && parsed !== null) value = parsed as Record<string, unknown>;
  } catch {
    // A proxy's page, or nothing: the status tells.
  }
  const type = header ?? value["__type"] ?? value["code"];
  // The last is how Bedrock says it where it speaks OpenAI.
  const inner = value["error"] as { message?: unknown } | null | undefined;
  const message = value["message"] ?? value["Message"] ?? inner?.message;
  return {
    type: typeof type === "string" ? (type.split(":")[0] ?? "").replace(/^.*#/, "") : "",
    message: typeof message === "string" ? message : "",
  };
}

/** Seconds until a repeat makes sense, from either of two headers. */
export function waitOf(headers: Headers): number | undefined {
  const milliseconds = Number(text(headers["x-amz-retry-after"]));
  if (milliseconds > 0) return Math.min(Math.ceil(milliseconds / 1_000), 3_600);
  const seconds = Number(text(headers["retry-after"]));
  return seconds > 0 ? Math.min(Math.ceil(seconds), 3_600) : undefined;
}
