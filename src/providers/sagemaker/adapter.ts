import { DEFAULT_MAX_NEW_TOKENS } from "./generate/write-parameters.ts";
import { regionalAddress } from "../aws/address.ts";
import { AwsRuntime } from "../aws/runtime.ts";
import { chatByOpenAi, servesByOpenAi } from "../openai-chat/chat-by-openai.ts";
import type { Provider, ReplySink, RequestKind, Service, UpstreamCall, UpstreamHandle } from "../provider.ts";
import { canonicalOf, isAddress } from "./address.ts";
import { chatByGenerate } from "./generate/chat.ts";
import { byOpenAi, VENDOR } from "./openai.ts";
import type { SageMakerOptions } from "./options.ts";

export type { SageMakerOptions } from "./options.ts";

/** Models on Amazon SageMaker's real-time endpoints. A target's model is ENDPOINT or ENDPOINT/INFERENCE-COMPONENT. */
export function sagemaker(id: string, options: SageMakerOptions): Provider {
  const { payload, region } = options;
  const runtime = new AwsRuntime({
    ...options,
    service: "sagemaker",
    address: options.baseUrl ?? regionalAddress("runtime.sagemaker", region),
    // An API key opens the OpenAI path alone.
    apiKey: payload === "openai-path" ? options.apiKey : undefined,
    assumeRole: undefined,
  });
  const isGenerate = payload === "tgi" || payload === "djl";
  const send = (call: UpstreamCall, sink: ReplySink): UpstreamHandle =>
    byOpenAi(runtime, options, call, sink);
  return {
    id,
    kind: "sagemaker",
    serves: (request, model) => (isAddress(model) ? service(request, payload) : NO_ADDRESS),
    unnamedLimit: () => (payload === "tgi" || payload === "djl" ? DEFAULT_MAX_NEW_TOKENS : undefined),
    canonical: canonicalOf,
    send,
    chat: (call, sink) =>
      isGenerate
        ? chatByGenerate({ runtime, payload, template: options.chatTemplate, call, sink })
        : chatByOpenAi(call, sink, VENDOR, send),
    close: () => runtime.close(),
  };
}

const NO_ADDRESS: Service = { why: "its model is neither ENDPOINT nor ENDPOINT/COMPONENT" };

/** How requests are served by containers that take a payload. */
function service(request: RequestKind, payload: SageMakerOptions["payload"]): Service {
  switch (request.operation) {
    case "chat":
      return payload === "tgi" || payload === "djl" ? "translate" : servesByOpenAi(request);
    case "completions":
      return payload === "openai" ? "pass" : { why: "takes no completions; only payload openai does" };
    case "embeddings":
      return { why: "serves no embeddings on SageMaker" };
    case "count-tokens":
    case "invoke":
      return servesByOpenAi(request);
  }
}
