import { createProvider } from "../../src/providers/registry.ts";
import { Engine, failing, sse, type Script } from "../support/engine.ts";
import { baseUrl, event, vllm } from "../triton/server.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const SECRET = "triton-secret-1234567890";

const SCRIPTS: Readonly<Record<Exclude<Scenario, "away">, Script>> = {
  answer: vllm(),
  throttle: failing(429, '{"error":"slow down"}', { "retry-after": "7" }),
  fail: failing(500, '{"error":"the model failed"}'),
  reject: failing(400, '{"error":"temperature must be non-negative"}'),
  deny: failing(401, `{"error":"bad key ${SECRET}"}`),
  cut: (_request, response) => {
    sse(response);
    response.write(event("a part"));
    setTimeout(() => response.destroy(), 30);
  },
  hang: () => {},
};

export const tritonSubject: Subject = {
  kind: "triton",
  async open(scenario): Promise<Opened> {
    const engine = await Engine.start(SCRIPTS[scenario === "away" ? "hang" : scenario]);
    const url = baseUrl(engine);
    if (scenario === "away") await engine[Symbol.asyncDispose]();
    const provider = createProvider("subject", {
      kind: "triton",
      baseUrl: url,
      apiKey: SECRET,
      chatTemplate: "llama3",
      fields: { input: "text_input", output: "text_output" },
      parameters: "vllm",
      connections: 4,
    });
    return {
      provider,
      model: "llm",
      secret: SECRET,
      noticedCancel: () => engine.seen.some((seen) => seen.closedEarly),
      async [Symbol.asyncDispose]() {
        if (scenario !== "away") await engine[Symbol.asyncDispose]();
        await provider.close();
      },
    };
  },
};
