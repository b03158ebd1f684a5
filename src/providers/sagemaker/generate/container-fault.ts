import type { Secrets } from "../../http/secrets.ts";
import type { AttemptFailure } from "../../provider.ts";

/** Characters of a container's own words. */
const MAX_SAID = 500;

/** A container's own words in place of a reply. */
export function containerFault(said: string, secrets: Secrets): AttemptFailure {
  const message = "the model's container failed while it answered";
  return { kind: "status", message, said: secrets.tellable(said, MAX_SAID) };
}
