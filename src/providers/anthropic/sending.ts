import type { Operation } from "../../core/wire.ts";
import type { Call, ReplySink, UpstreamHandle } from "../provider.ts";

/** One request of Messages as it goes over the wire, and what hears of its reply. */
export interface Sending {
  readonly call: Pick<Call, "connectTimeoutMs">;
  readonly operation: Operation;
  readonly body: Buffer | string;
  readonly stream: boolean;
  /** Of the client. */
  readonly headers: Readonly<Record<string, string>>;
  readonly sink: ReplySink;
}

export type Post = (sending: Sending) => UpstreamHandle;
