import { brief } from "../../core/text.ts";
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
  const words = typeof message === "string" && message !== "" ? message : undefined;
  return {
    kind: code === "rate_limit_exceeded" ? "throttled" : "status",
    message: "the upstream says that its response failed",
    said: words === undefined || secrets.appearIn(words) ? "no reason given" : brief(words, MAX_REASON),
  };
}
