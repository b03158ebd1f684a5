import { readError } from "../aws/read-error.ts";
import type { AwsRuntime } from "../aws/runtime.ts";
import type { Secrets } from "../http/secrets.ts";
import { passedHeaders, text, type Headers } from "../http/upstream-reply.ts";
import { OpenAiReading } from "../openai-compatible/reply.ts";
import { asksForUsage, upstreamBody } from "../openai-compatible/request.ts";
import { VENDORS } from "../openai-compatible/vendors.ts";
import type { ReplySink, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { bedrockFailure } from "./failure.ts";
import { isUnknownOperation } from "./reading.ts";

/** https://docs.aws.amazon.com/bedrock/latest/userguide/inference-chat-completions.html */
const PATH = "/openai/v1/chat/completions";
const VENDOR = { ...VENDORS.openai, metadataNeedsStore: false };

/** Serves an OpenAI chat request by the path on which Bedrock speaks OpenAI: it passes. */
export function byOpenAiPath(runtime: AwsRuntime, call: UpstreamCall, sink: ReplySink): UpstreamHandle {
  const { request } = call;
  const unsigned = {
    method: "POST" as const,
    path: runtime.prefix + PATH,
    headers: {
      "content-type": "application/json",
      accept: request.stream ? "text/event-stream" : "application/json",
      ...request.headers,
    },
    body: upstreamBody(call, VENDOR),
  };
  const reading = new OpenAiPathReading(sink, request.stream, asksForUsage(request, VENDOR), runtime.secrets);
  return runtime.send(call, unsigned, reading);
}

/** Replies are OpenAI's, refusals may be Bedrock's own exceptions. */
class OpenAiPathReading extends OpenAiReading {
  readonly #secrets: Secrets;

  constructor(sink: ReplySink, wantsStream: boolean, hideUsage: boolean, secrets: Secrets) {
    super(sink, wantsStream, hideUsage, secrets);
    this.#secrets = secrets;
  }

  override answer(status: number, headers: Headers, body: Buffer): void {
    if (isUnknownOperation(body))
      this.fail({ kind: "protocol", status, message: "Bedrock does not know the operation at this path" });
    else super.answer(status, headers, body);
  }

  override refuse(status: number, headers: Headers, body: Buffer): void {
    const { type } = readError(text(headers["x-amzn-errortype"]), body);
    if (!type.endsWith("Exception")) return super.refuse(status, headers, body);
    const passed = passedHeaders(headers, ["x-amzn-requestid"], this.#secrets);
    const reply = { status, contentType: "application/json", headers: passed, body };
    const failure = bedrockFailure(reply, headers, this.#secrets);
    // Its bytes are not OpenAI's: its words go on.
    const { reply: _, ...rest } = failure;
    this.fail(rest);
  }
}
