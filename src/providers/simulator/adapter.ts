import type { Provider } from "../provider.ts";
import { FaultScript } from "./faults.ts";
import { planReply, type SimulatorOptions } from "./plan.ts";
import { Playback } from "./playback.ts";

export type { SimulatorOptions } from "./plan.ts";

/** An engine in this process: real timing, tools, JSON mode, embeddings and failures, made-up words. */
export function simulator(id: string, options: SimulatorOptions): Provider {
  const script = new FaultScript(options.faults);
  let serial = 0;
  return {
    id,
    kind: "simulator",
    dialects: ["openai"],
    send: (call, sink) => new Playback(planReply(call, options, script.next(call.model), ++serial), sink),
    async close() {},
  };
}
