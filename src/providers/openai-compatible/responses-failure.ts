import type { Secrets } from "../http/secrets.ts";
import type { AttemptFailure } from "../provider.ts";

/** Characters of the upstream's own words that an error repeats. */
const MAX_REASON = 500;

/**
 * What a response that failed means for the attempt. Where it was throttled only the code says so: the status of a reply
 * or a stream that has begun is 200. https://platform.openai.com/docs/api-reference/responses/object#responses/object-error
 *
 * @param error  `error` of the response, or an `error` event of the stream
 */
export function responseFailure(error: unknown, secrets: Secrets): AttemptFailure {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const told = "the upstream says that its response failed";
  if (code === "rate_limit_exceeded")
    return { kind: "throttled", message: told, said: secrets.tellableThrottle(message, MAX_REASON) };
  return { kind: "status", message: told, said: secrets.tellable(message, MAX_REASON) ?? "no reason given" };
}
