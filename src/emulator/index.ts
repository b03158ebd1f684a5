import type { Speaker } from "./answer/compose.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import type { KeyPair } from "./auth/identity.ts";
import { faultSchema, type Fault } from "./faults/fault.ts";
import type { Received } from "./received.ts";
import { readScript, type Script } from "./script.ts";
import { readRecordings } from "./replay/recordings.ts";
import { Replay } from "./replay/replay.ts";
import { serve } from "./serve.ts";
import { newState } from "./state.ts";
import { OnePort } from "./transport/one-port.ts";

export type { KeyPair } from "./auth/identity.ts";
export type { Said, Speaker } from "./answer/compose.ts";
export type { ConverseRequest } from "./converse-request.ts";
export type { Fault } from "./faults/fault.ts";
export type { Received } from "./received.ts";
export type { Script } from "./script.ts";
export { ScriptRefused } from "./script.ts";
export { RecordingsUnreadable } from "./replay/recordings.ts";
export { checkRecordings, type CheckedRequest } from "./replay/check.ts";

export interface EmulatorOptions {
  /** 127.0.0.1 where absent. */
  readonly host?: string;
  /** A free one where absent or 0. */
  readonly port?: number;
  /** Region that signatures and profiles must be of; any where absent. */
  readonly region?: string;
  /** Key pair that requests must be signed with; AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where absent. */
  readonly credentials?: KeyPair;
  /** Long-term API key that is taken; AWS_BEARER_TOKEN_BEDROCK where absent. */
  readonly bearerToken?: string;
  /** Takes anyone. */
  readonly open?: boolean;
  readonly script?: Script;
  /** Folder of recordings whose replies are given to the requests they were given to. */
  readonly recordings?: string;
  readonly clock?: Clock;
  /** Says something in the models' place; requests are checked, priced and limited as ever. */
  readonly speaker?: Speaker;
}

export interface RunningEmulator extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What was received since the start, or since `clearRequests`; the last thousand. */
  requests(): readonly Received[];
  clearRequests(): void;
  /** Replaces every fault, the script's among them; counting starts anew. */
  setFaults(faults: readonly Fault[]): void;
  close(): Promise<void>;
}

/** There is nothing to verify signatures with. */
export class NoCredentials extends Error {
  override readonly name = "NoCredentials";
}

/**
 * Starts an emulator of the Amazon Bedrock runtime.
 *
 * @throws NoCredentials, ScriptRefused, RecordingsUnreadable; a system error where the port is taken
 */
export async function startBedrockEmulator(options: EmulatorOptions = {}): Promise<RunningEmulator> {
  const { host = "127.0.0.1", open = false, clock = systemClock } = options;
  const pair = options.credentials ?? pairOfEnvironment();
  const bearerToken = options.bearerToken ?? process.env["AWS_BEARER_TOKEN_BEDROCK"];
  if (!open && pair === undefined && bearerToken === undefined)
    throw new NoCredentials(
      "there is nothing to verify requests with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK, or take anyone (open)",
    );
  const replay =
    options.recordings === undefined ? undefined : new Replay(readRecordings(options.recordings));
  const keyring = { pair, bearerToken, region: options.region, open };
  const state = newState(readScript(options.script), keyring, clock, replay, options.speaker);
  const port = new OnePort((request, response) => {
    serve(state, request, response).catch((error: unknown) => {
      process.stderr.write(`the emulator failed: ${(error as Error).stack ?? String(error)}\n`);
      response.destroy();
    });
  });
  const number = await port.listen(options.port ?? 0, host);
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${number}`,
    port: number,
    requests: () => state.received.list(),
    clearRequests: () => state.received.clear(),
    setFaults: (faults) => state.faults.set(faults.map((fault) => faultSchema.parse(fault))),
    close: () => port.close(),
    [Symbol.asyncDispose]: () => port.close(),
  };
}

function pairOfEnvironment(): KeyPair | undefined {
  const accessKeyId = process.env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = process.env["AWS_SECRET_ACCESS_KEY"];
  return accessKeyId === undefined || secretAccessKey === undefined
    ? undefined
    : { accessKeyId, secretAccessKey };
}
