import { chatByOpenAi, servesByOpenAi } from "../openai-chat/chat-by-openai.ts";
import type { Provider, ReplySink, UpstreamCall } from "../provider.ts";
import { FaultScript } from "./faults.ts";
import { planReply, type SimulatorOptions } from "./plan.ts";
import { Playback } from "./playback.ts";

export type { SimulatorOptions } from "./plan.ts";

/** An engine in this process: real timing, tools, JSON mode, embeddings and failures, made-up words. */
export function simulator(id: string, options: SimulatorOptions): Provider {
  const script = new FaultScript(options.faults);
  let serial = 0;
  const send = (call: UpstreamCall, sink: ReplySink): Playback =>
    new Playback(planReply(call, options, script.next(call.model), ++serial), sink);
  return {
    id,
    kind: "simulator",
    serves: (kind) =>
      kind.operation === "completions"
        ? { why: "continues no bare prompts; ask by chat completions" }
        : servesByOpenAi(kind),
    send,
    chat: (call, sink) => chatByOpenAi(call, sink, { outputCap: "max_tokens", topK: true }, send),
    async close() {},
  };
}
