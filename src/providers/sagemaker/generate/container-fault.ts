import { brief } from "../../../core/text.ts";
import type { Secrets } from "../../http/secrets.ts";
import type { AttemptFailure } from "../../provider.ts";

/** Characters of a container's own words. */
const MAX_SAID = 500;

/** A container's own words in place of a reply. */
export function containerFault(said: string, secrets: Secrets): AttemptFailure {
  const words = secrets.appearIn(said) ? undefined : brief(said, MAX_SAID);
  return { kind: "status", message: "the model's container failed while it answered", said: words };
}
