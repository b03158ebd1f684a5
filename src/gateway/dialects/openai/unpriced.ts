import { AppError } from "../../../core/errors.ts";
import type { JsonMember } from "../../../core/json-scan.ts";
import type { Envelope } from "../envelope.ts";

const NAMES: ReadonlySet<string> = new Set(["modalities", "audio", "web_search_options"]);

/**
 * Refuses what is charged in other units than tokens of text, because a price here knows nothing else: audio that a model
 * speaks, and searches by the call. https://platform.openai.com/docs/pricing
 *
 * @throws AppError unpriced
 */
export function refuseUnpriced(members: readonly JsonMember[], envelope: Envelope): void {
  // One look at the names: hardly a request has any of them.
  if (!members.some(({ key }) => NAMES.has(key))) return;
  const modalities = envelope.value("modalities");
  const speaks = Array.isArray(modalities) && modalities.some((modality) => modality !== "text");
  if (speaks) throw unpriced("modalities", "replies that are more than text");
  if (isThere(envelope.value("audio"))) throw unpriced("audio", "spoken replies");
  if (isThere(envelope.value("web_search_options")))
    throw unpriced("web_search_options", "searches that the provider charges by the call");
}

function isThere(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function unpriced(parameter: string, what: string): AppError {
  return new AppError(
    "unpriced",
    `${parameter}: ${what} are not priced yet, and nothing is served unpriced; leave it out`,
    { advises: true },
  );
}
