import { createProvider } from "../../src/providers/registry.ts";
import type { Fault } from "../../src/providers/simulator/faults.ts";
import type { Opened, Scenario, Subject } from "./subject.ts";

const base = { status: 500, every: 1, delay: 0, afterTokens: 3 } as const;

const FAULTS: Readonly<Partial<Record<Scenario, Fault>>> = {
  throttle: { ...base, kind: "error", status: 429 },
  fail: { ...base, kind: "error" },
  reject: { ...base, kind: "error", status: 400 },
  deny: { ...base, kind: "error", status: 401 },
  cut: { ...base, kind: "cut" },
  hang: { ...base, kind: "hang" },
};

export const simulatorSubject: Subject = {
  kind: "simulator",
  async open(scenario): Promise<Opened | undefined> {
    // It is in this process and always there.
    if (scenario === "away") return undefined;
    const fault = FAULTS[scenario];
    const provider = createProvider("subject", {
      kind: "simulator",
      firstToken: 5,
      tokensPerSecond: 500,
      faults: fault === undefined ? [] : [fault],
    });
    return {
      provider,
      model: "m",
      secret: "no-secret-here",
      noticedCancel: undefined,
      [Symbol.asyncDispose]: () => provider.close(),
    };
  },
};
