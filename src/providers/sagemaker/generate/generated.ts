import type { StopReason } from "../../../core/chat.ts";
import { NO_USAGE, type Usage } from "../../../core/usage.ts";
import { fieldsOf, listOf, textOf, type Fields } from "../../openai-chat/fields.ts";
import { stopReason } from "../../openai-chat/finish.ts";

/** What the details at the end of a reply say of its tokens. */
export interface TokenCounts {
  readonly input: number | undefined;
  readonly output: number | undefined;
}

/** Bytes of a token, roughly, in English and, because they take more bytes a character, in other scripts. */
const BYTES_PER_TOKEN = 4;

/**
 * A reply, or a line of a streamed one: TGI, and LMI where it is told to do as TGI does, put a plain reply into a list.
 *
 * @returns undefined where it is no JSON object
 */
export function readGenerated(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return fieldsOf(Array.isArray(value) && value.length === 1 ? value[0] : value);
  } catch {
    return undefined;
  }
}

/** The container's words for a fault of its own, in place of a reply: `{"error":"…","error_type":"generation"}`. */
export function errorOf(generated: Fields): string | undefined {
  const { error } = generated;
  return textOf(error) ?? textOf(fieldsOf(error)?.["message"]);
}

export function countsOf(details: Fields | undefined): TokenCounts {
  const prefill = listOf(details?.["prefill"]).length;
  return {
    // TGI's streams, LMI of old, and both where they are asked for the prompt's tokens.
    input: count(details?.["input_length"]) ?? count(details?.["prompt_tokens"]) ?? (prefill || undefined),
    output: count(details?.["generated_tokens"]),
  };
}

/** A usage, and whether a part of it is guessed: plain replies of TGI and all of LMI's tell no tokens of the prompt. */
export interface CountedUsage {
  readonly usage: Usage;
  readonly isGuessed: boolean;
}

/**
 * The usage that counts make.
 *
 * @returns undefined where the output is not counted: then the gateway estimates all of it
 */
export function usageOf({ input, output }: TokenCounts, prompt: string): CountedUsage | undefined {
  if (output === undefined) return undefined;
  const inputTokens = input ?? Math.ceil(Buffer.byteLength(prompt) / BYTES_PER_TOKEN);
  return { usage: { ...NO_USAGE, inputTokens, outputTokens: output }, isGuessed: input === undefined };
}

/** Why a reply ended, and by which of the client's stop texts. */
export interface End {
  readonly reason: StopReason;
  readonly sequence?: string;
}

/**
 * @param cut   the stop text at which the answer was cut; engines leave it out or leave it in
 * @param own   the client's stop texts; others are the template's, and mean that the model was done
 * @throws ReplyFault where the engine says that it failed
 */
export function endOf(details: Fields | undefined, cut: string | undefined, own: readonly string[]): End {
  const told = stopReason(details ?? {}, false);
  if (cut !== undefined)
    return own.includes(cut) ? { reason: "stop-sequence", sequence: cut } : { reason: "end" };
  if (told !== "stop-sequence") return { reason: told };
  return own.length > 0 ? { reason: "stop-sequence" } : { reason: "end" };
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
