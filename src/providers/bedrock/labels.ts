import type { CallLabels } from "../provider.ts";

/** As many as Bedrock takes. https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html */
const MOST = 16;
const MAX_LENGTH = 256;
const ILLEGAL = /[^a-zA-Z0-9\s:_@$#=/+,.-]/g;

/** What makes a line of AWS's invocation log one of ours. */
function labelsOf({ exchange, tenant }: CallLabels): Record<string, string> {
  return { switchyard_exchange: exchange, switchyard_tenant: legal(tenant) };
}

/** The same beside the client's own metadata, where that leaves room. */
export function metadataOf(labels: CallLabels): Record<string, string> {
  return Object.fromEntries(
    [...Object.entries(labels.tags), ...Object.entries(labelsOf(labels))].slice(0, MOST),
  );
}

/**
 * Adds our labels to metadata that a client wrote in Bedrock's own form: what it wrote stays, and where it took all the
 * room there is none for us.
 *
 * @param metadata  a JSON object, or undefined where there is none
 */
export function withLabels(metadata: string | undefined, labels: CallLabels): string {
  const own = metadata === undefined ? {} : (JSON.parse(metadata) as Record<string, unknown>);
  const merged: Record<string, unknown> = { ...own };
  for (const [key, value] of Object.entries(labelsOf(labels)))
    if (Object.keys(merged).length < MOST) merged[key] = value;
  return JSON.stringify(merged);
}

/** The same as a header may bear it: JSON can write every character in ASCII. */
export function headerWithLabels(metadata: string | undefined, labels: CallLabels): string {
  return withLabels(metadata, labels).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function legal(text: string): string {
  return text.replace(ILLEGAL, "_").slice(0, MAX_LENGTH);
}
