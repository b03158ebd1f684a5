import { tokenFamilyOf, type TokenFamily } from "../catalog/token-family.ts";
import { NO_USAGE, priceAt, type Usage } from "../core/usage.ts";
import { book } from "./book.ts";
import type { ReplyBytes, TextSample } from "./dialects/dialect.ts";
import type { AttemptRecord, Exchange } from "./exchange.ts";

export const NO_REPLY: ReplyBytes = { bytes: Buffer.alloc(0), total: 0, isStream: false };

/** An attempt whose tokens nobody told, and the texts from which they can be estimated. */
export interface Unreported {
  readonly record: AttemptRecord;
  readonly input: TextSample;
  readonly output: TextSample;
  /** What the upstream had counted when its stream began: all of the input, and hardly any of the output. */
  readonly known: Usage | undefined;
}

/** Counts the tokens of texts as a family of models does; after `patienceMs` it guesses. */
export type CountTokens = (
  texts: readonly string[],
  patienceMs: number,
  family?: TokenFamily,
) => Promise<readonly number[]>;

/** A client that waits for its reply's end is not kept longer; whoever has left does not mind. */
const CLIENT_PATIENCE_MS = 300;
const PATIENCE_MS = 3_000;

/** What an estimate of an attempt's usage needs; taken while the reply's bytes are still there. */
export function unreported(
  exchange: Exchange,
  record: AttemptRecord,
  reply: ReplyBytes,
  known?: Usage,
): Unreported {
  const { request, dialect } = exchange;
  return {
    record,
    input: request === undefined ? NO_TEXT : dialect.requestText(request),
    output: request?.operation === "embeddings" ? NO_TEXT : dialect.replyText(reply),
    known,
  };
}

/**
 * Books tokens by our own count, where the upstream told none, marked as such. Images, audio and files are not in it,
 * nor what an engine adds to the prompt.
 */
export async function estimateUsage(
  exchange: Exchange,
  attempts: readonly Unreported[],
  count: CountTokens,
): Promise<void> {
  for (const { record, input, output, known } of attempts) {
    const patience = exchange.status === "abandoned" ? PATIENCE_MS : CLIENT_PATIENCE_MS;
    const target = exchange.snapshot.targets.get(record.target);
    const family = tokenFamilyOf(target?.model ?? "");
    const [inputTokens = 0, outputTokens = 0] = await count([input.text, output.text], patience, family);
    const usage = {
      ...(known ?? NO_USAGE),
      inputTokens: known?.inputTokens ?? Math.ceil(inputTokens * input.scale),
      outputTokens: Math.max(known?.outputTokens ?? 0, Math.ceil(outputTokens * output.scale)),
    };
    record.estimated = true;
    record.usage = usage;
    const price = priceAt(target?.prices ?? [], exchange.startedAtMs);
    if (price !== undefined) book(record, usage, price);
  }
}

const NO_TEXT: TextSample = { text: "", scale: 1 };
