import { Losses } from "../conversation/losses.ts";
import { Secrets } from "../http/secrets.ts";
import { servesInvoke } from "../serves-invoke.ts";
import { Upstream } from "../http/upstream.ts";
import { UpstreamReply } from "../http/upstream-reply.ts";
import { refuseOrDrop } from "../inexpressible.ts";
import { NOTHING_SENT } from "../nothing-sent.ts";
import type { ChatCall, ChatSink, Provider, RequestKind, Service, UpstreamHandle } from "../provider.ts";
import { AnswerText } from "../text-generation/answer-text.ts";
import type { ChatTemplateName } from "../text-generation/chat-template.ts";
import { writePrompt } from "../text-generation/write-prompt.ts";
import { Generation } from "./generation.ts";
import { modelPath } from "./model-path.ts";
import { TritonReading } from "./reading.ts";
import { DEFAULT_MAX_TOKENS, maxTokensOf, writeGenerate } from "./write-request.ts";

export interface TritonOptions {
  /** Everything before /v2/models. */
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly chatTemplate: ChatTemplateName;
  /** Names of the model's tensors. */
  readonly fields: { readonly input: string; readonly output: string };
  /** Whose names for sampling parameters its backend takes. */
  readonly parameters: "vllm" | "trtllm";
  /** Connections at most. */
  readonly connections: number;
}

/** NVIDIA Triton's generate endpoints: models that take a text and give one. */
export function triton(id: string, options: TritonOptions): Provider {
  const { fields, chatTemplate, parameters } = options;
  const base = new URL(options.baseUrl);
  const prefix = base.pathname.replace(/\/+$/, "");
  const secrets = new Secrets(options.apiKey);
  const upstream = new Upstream(base.origin, options.connections);
  const credential = options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };

  const chat = (call: ChatCall, sink: ChatSink): UpstreamHandle => {
    const { stream } = call;
    const prompt = writePrompt(call.chat, chatTemplate);
    const words = new AnswerText(prompt, chatTemplate, call.chat.stop);
    const maxTokens = maxTokensOf(call.chat, call.outputCap);
    const losses = new Losses();
    const { stops } = words;
    const request = { chat: call.chat, prompt: prompt.prompt, stops, maxTokens, stream, input: fields.input };
    const body = writeGenerate(request, parameters, losses);
    const failure = refuseOrDrop([...prompt.inexpressible, ...losses.list], call.mayDrop, sink);
    if (failure !== undefined) {
      sink.fail(failure);
      return NOTHING_SENT;
    }
    const generation = new Generation(words, maxTokens);
    const reply = new UpstreamReply(
      new TritonReading(sink, { stream, output: fields.output, generation }, secrets),
    );
    const headers = {
      "content-type": "application/json",
      accept: stream ? "text/event-stream" : "application/json",
      "accept-encoding": "identity",
      "user-agent": "switchyard",
      ...credential,
    };
    const path = `${prefix}${modelPath(call.model)}/${stream ? "generate_stream" : "generate"}`;
    upstream.send(call.connectTimeoutMs, { method: "POST", path, headers, body }, reply);
    return reply;
  };
  return {
    id,
    kind: "triton",
    serves,
    unnamedLimit: () => DEFAULT_MAX_TOKENS,
    send(_call, sink) {
      sink.fail({ kind: "protocol", message: "Triton's generate endpoints take no body as it is" });
      return NOTHING_SENT;
    },
    chat,
    close: () => upstream.close(),
  };
}

function serves(request: RequestKind): Service {
  switch (request.operation) {
    case "chat":
      return "translate";
    case "count-tokens":
      return "estimate";
    case "completions":
      return { why: "takes conversations alone by Triton's generate endpoints; ask by chat" };
    case "embeddings":
      return { why: "makes no embeddings by Triton's generate endpoints" };
    case "invoke":
      return servesInvoke(request);
  }
}
