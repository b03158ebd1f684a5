import { createProvider } from "../../src/providers/registry.ts";
import { answer, error, start, textBlock } from "../anthropic/engine.ts";
import { Engine, failing, sse, type Script } from "../support/engine.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const SECRET = "sk-ant-upstream-secret-1234567890";

const SCRIPTS: Readonly<Record<Exclude<Scenario, "away">, Script>> = {
  answer: answer(["one ", "two ", "three ", "four ", "five"]),
  throttle: failing(429, error("rate_limit_error", "slow down"), { "retry-after": "7" }),
  fail: failing(500, error("api_error", "Internal server error")),
  reject: failing(400, error("invalid_request_error", "messages.0: too odd")),
  deny: failing(401, error("authentication_error", `invalid x-api-key ${SECRET}`), { "x-api-key": SECRET }),
  cut: (_request, response) => {
    sse(response);
    response.write(start() + textBlock(0, "a part"));
    setTimeout(() => response.destroy(), 30);
  },
  hang: () => {},
};

/** A client of OpenAI is served by translation. */
export const anthropicSubject: Subject = {
  kind: "anthropic",
  async open(scenario): Promise<Opened> {
    const engine = await Engine.start(SCRIPTS[scenario === "away" ? "hang" : scenario]);
    const baseUrl = engine.url;
    if (scenario === "away") await engine[Symbol.asyncDispose]();
    const provider = createProvider("subject", {
      kind: "anthropic",
      baseUrl,
      apiKey: SECRET,
      auth: undefined,
      connections: 4,
    });
    return {
      provider,
      model: "claude-sonnet-4-5-20250929",
      secret: SECRET,
      noticedCancel: () => engine.seen.some((seen) => seen.closedEarly),
      async [Symbol.asyncDispose]() {
        if (scenario !== "away") await engine[Symbol.asyncDispose]();
        await provider.close();
      },
    };
  },
};
