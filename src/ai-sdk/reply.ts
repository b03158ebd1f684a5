/** What Switchyard says about an exchange in the head of its reply. */
export interface SwitchyardReply {
  /** For `switchyard explain`. Undefined where the reply is not Switchyard's. */
  readonly exchange: string | undefined;
  /** The target that answered. */
  readonly target: string | undefined;
  /** Targets tried, the one that answered among them. */
  readonly attempts: number | undefined;
  /** An exact USD decimal. Undefined for a stream: its cost is known at its end, and its head has gone by then. */
  readonly costUsd: string | undefined;
}

type Headers = Readonly<Record<string, string | undefined>>;

/** Where the AI SDK keeps the headers of a reply. */
export type HasHeaders =
  /** What `generateText` returns, and each of its steps. */
  | { readonly response: { readonly headers?: Headers | undefined } }
  /** `await result.response` of `streamText`, or `response` of `embed`. */
  | { readonly headers?: Headers | undefined }
  /** An `APICallError`. */
  | { readonly responseHeaders?: Headers | undefined };

/**
 * Reads what Switchyard said about the exchange behind a result of the AI SDK, or behind its error.
 *
 * A result with several steps has an exchange for each, and tells of the last: `result.steps.map(switchyardReply)`.
 */
export function switchyardReply(from: HasHeaders): SwitchyardReply {
  const headers = headersOf(from) ?? {};
  const attempts = headers["x-switchyard-attempts"];
  return {
    exchange: headers["x-switchyard-exchange"],
    target: headers["x-switchyard-target"],
    attempts: attempts === undefined ? undefined : Number(attempts),
    costUsd: headers["x-switchyard-cost-usd"],
  };
}

function headersOf(from: HasHeaders): Headers | undefined {
  if ("response" in from) return from.response.headers;
  return "responseHeaders" in from ? from.responseHeaders : (from as { headers?: Headers }).headers;
}
