import { asRecord } from "../json-value.ts";

/**
 * A number of tokens out of a counter's reply.
 *
 * @returns undefined where there is none
 */
export function countOf(body: Buffer, name: string): number | undefined {
  let value: unknown;
  try {
    value = asRecord(JSON.parse(body.toString()))?.[name];
  } catch {
    return undefined;
  }
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}
