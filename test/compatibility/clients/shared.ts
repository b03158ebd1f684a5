import type { Ask, AskPart, Seen } from "../ask.ts";
import type { Failed, Outcome } from "../client.ts";

/** What clients of JavaScript share: a fetch that counts, and the making of outcomes. */
export class Calls {
  requests = 0;
  /** Seconds that the last refusal asked to wait, for SDKs that show its headers. */
  readonly fetch: typeof fetch = (input, init) => {
    this.requests++;
    return fetch(input, init);
  };
}

/** What the SDK threw; `text` is what had come before it. */
export class Thrown extends Error {
  readonly error: unknown;
  readonly text: string;

  constructor(error: unknown, text: string) {
    super("thrown");
    this.error = error;
    this.text = text;
  }
}

/** The client has no way to say a thing. */
export class Cannot extends Error {}

export function cannot(reason: string): never {
  throw new Cannot(reason);
}

/**
 * Makes an outcome of a call.
 *
 * @param failed  what the SDK's error tells; undefined where it is none of the SDK's
 */
export async function outcome(
  calls: Calls,
  call: () => Promise<Omit<Seen, "requests">>,
  failed: (error: unknown) => Omit<Failed, "text" | "requests"> | undefined,
): Promise<Outcome> {
  try {
    return { seen: { ...(await call()), requests: calls.requests } };
  } catch (caught) {
    if (caught instanceof Cannot) return { cannot: caught.message };
    const { error, text } = caught instanceof Thrown ? caught : { error: caught, text: "" };
    const told = read(failed, error);
    if (told === undefined) throw error;
    return "cannot" in told ? told : { failed: { ...told, text, requests: calls.requests } };
  }
}

type Told = Omit<Failed, "text" | "requests">;

/** Some errors say that the SDK itself has no way to ask. */
function read(
  failed: (error: unknown) => Told | undefined,
  error: unknown,
): Told | { cannot: string } | undefined {
  try {
    return failed(error);
  } catch (caught) {
    if (caught instanceof Cannot) return { cannot: caught.message };
    throw caught;
  }
}

/** Reads a stream to its end; an error comes with the text before it. */
export async function collect<Event>(
  events: AsyncIterable<Event>,
  each: (event: Event) => void,
  text: () => string,
): Promise<void> {
  try {
    for await (const event of events) each(event);
  } catch (error) {
    throw new Thrown(error, text());
  }
}

export function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}

export function textsOf(parts: readonly AskPart[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

export function resultOf(ask: Ask, name: string): { readonly text: string; readonly error: boolean } {
  const { text = "no such tool", error = false } = ask.results?.[name] ?? {};
  return { text, error };
}

export function seconds(value: string | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
