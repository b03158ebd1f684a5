import type { AwsRuntime } from "../aws/runtime.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import { asksForUsage, upstreamBody } from "../openai-compatible/request.ts";
import { VENDORS } from "../openai-compatible/vendors.ts";
import type { ReplySink, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { addressOf, invocationHeaders, invocationPath, openAiPath } from "./address.ts";
import { tooLarge } from "./body-limit.ts";
import type { SageMakerOptions } from "./options.ts";
import { SageMakerOpenAiReading } from "./openai-reading.ts";

/** vLLM, SGLang and LMI. */
export const VENDOR = VENDORS.generic;

/** Sends a request that is in OpenAI's dialect, at /invocations or at the endpoint's own OpenAI path. */
export function byOpenAi(
  runtime: AwsRuntime,
  options: SageMakerOptions,
  call: UpstreamCall,
  sink: ReplySink,
): UpstreamHandle {
  const body = upstreamBody(withModel(call, options), VENDOR);
  const failure = tooLarge(body);
  if (failure !== undefined) {
    sink.fail(failure);
    return NOTHING_SENT;
  }
  const { request } = call;
  const { stream } = request;
  const address = addressOf(call.model);
  const isPath = options.payload === "openai-path";
  const unsigned = {
    method: "POST" as const,
    path: runtime.prefix + (isPath ? openAiPath(address) : invocationPath(address, stream)),
    headers: isPath ? pathHeaders(stream) : invocationHeaders(address, stream),
    body,
  };
  const hideUsage = asksForUsage(request, VENDOR);
  return runtime.send(call, unsigned, new SageMakerOpenAiReading(sink, stream, hideUsage, runtime.secrets));
}

/**
 * The model in the body is the container's own name for it, if it wants one: a container that serves one model takes none,
 * and refuses the endpoint's. The endpoint's OpenAI path wants the member, and takes it empty.
 */
function withModel(call: UpstreamCall, { payload, sendModel }: SageMakerOptions): UpstreamCall {
  const { request } = call;
  const name = sendModel ?? (payload === "openai-path" ? "" : undefined);
  if (name !== undefined) return { ...call, model: name };
  const wordEdits = new Map(request.wordEdits).set("model", undefined);
  return { ...call, model: request.model ?? "", request: { ...request, wordEdits } };
}

function pathHeaders(stream: boolean): Record<string, string> {
  return {
    "content-type": "application/json",
    accept: stream ? "text/event-stream" : "application/json",
  };
}
