import type { Clock } from "../core/clock.ts";
import type { Speaker } from "./answer/compose.ts";
import { PromptCache } from "./answer/prompt-cache.ts";
import { IssuedReasoning } from "./answer/issued-reasoning.ts";
import type { Session } from "./auth/identity.ts";
import type { Keyring } from "./auth/authenticate.ts";
import { FaultPlan } from "./faults/fault-plan.ts";
import type { ApplicationProfile } from "./models/resolve.ts";
import { Quotas } from "./quota.ts";
import { ReceivedLog } from "./received.ts";
import type { Replay } from "./replay/replay.ts";
import type { ReadScript } from "./script.ts";

/** Everything an emulator remembers between requests. */
export interface State {
  readonly clock: Clock;
  readonly script: ReadScript;
  readonly keyring: Keyring;
  readonly sessions: Map<string, Session>;
  readonly profiles: readonly ApplicationProfile[];
  readonly cache: PromptCache;
  readonly reasoning: IssuedReasoning;
  readonly quotas: Quotas;
  readonly faults: FaultPlan;
  readonly received: ReceivedLog;
  /** Recorded replies, which come before made-up ones. */
  readonly replay: Replay | undefined;
  /** Says something in the models' place. */
  readonly speaker: Speaker | undefined;
}

/** There without a script, so that the resolution of a profile can be tried at once. */
const DEFAULT_PROFILES: readonly ApplicationProfile[] = [
  {
    arn: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/sonnet45demo",
    name: "demo-sonnet-4-5",
    models: ["us.anthropic.claude-sonnet-4-5-20250929-v1:0"],
  },
  {
    arn: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/opus47demo",
    name: "demo-opus-4-7",
    models: ["us.anthropic.claude-opus-4-7"],
  },
  {
    arn: "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/novalitedemo",
    name: "demo-nova-lite",
    models: ["us.amazon.nova-lite-v1:0"],
  },
];

export function newState(
  script: ReadScript,
  keyring: Omit<Keyring, "sessions">,
  clock: Clock,
  replay: Replay | undefined,
  speaker?: Speaker,
): State {
  const sessions = new Map<string, Session>();
  const faults = new FaultPlan();
  faults.set(script.faults);
  const written = script.profiles.map(({ arn, name, models }) => ({ arn, models, name: name ?? arn }));
  return {
    clock,
    script,
    keyring: { ...keyring, sessions },
    sessions,
    profiles: [...written, ...DEFAULT_PROFILES],
    cache: new PromptCache(),
    reasoning: new IssuedReasoning(),
    quotas: new Quotas(script.quotas),
    faults,
    received: new ReceivedLog(),
    replay,
    speaker,
  };
}
