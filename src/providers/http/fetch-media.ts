import type { IncomingHttpHeaders } from "node:http";
import { request, type Dispatcher } from "undici";
import type { ChatMessage, ChatPart, ChatRequest, MediaPart, ToolResultPart } from "../../core/chat.ts";
import { mediaFormat } from "../../core/media-type.ts";
import type { AttemptFailure } from "../provider.ts";
import { EgressRefusal, NOT_PUBLIC, type EgressGuard } from "./egress-guard.ts";

export interface MediaOptions {
  readonly guard: EgressGuard;
  /** In whose name; limits are shared out. */
  readonly owner: string;
  /** Of one file. */
  readonly maxBytes: number;
  /** From the first connection to the last byte, of all files together. */
  readonly timeoutMs: number;
  /** Of the exchange; where it is aborted, its reason is thrown. */
  readonly signal: AbortSignal;
}

export interface FetchedMedia {
  /** Standard alphabet, padded. */
  readonly base64: string;
  readonly contentType: string | undefined;
}

/**
 * - `refused`: not an address that may be fetched
 * - `unavailable`: no connection, another status than 200, a reply that cannot be used
 */
export type MediaFaultKind = "refused" | "unavailable" | "too-large" | "too-many" | "timeout" | "busy";

/** A medium could not be had. The message is for the client: it holds no address and nothing of a reply but its status. */
export class MediaFault extends Error {
  override readonly name = "MediaFault";
  readonly kind: MediaFaultKind;
  readonly what: string;

  /** @param what  the rest of a sentence that begins with `which` */
  constructor(kind: MediaFaultKind, what: string, which = "the media address") {
    super(`${which} ${what}`);
    this.kind = kind;
    this.what = what;
  }
}

const REDIRECTS = 3;
const URL_CHARACTERS = 8_192;
const AT_ONCE = 4;
const ADDRESSES = 20;
/** Of all files of a request, so that a short one cannot fill our memory; near what Bedrock takes in a request. */
const TOTAL_BYTES = 20 * 1024 * 1024;
const ADVICE = "give one that anybody can fetch, or send the content as base64";

/**
 * Fetches a file whose address a client chose.
 *
 * @throws MediaFault
 */
export async function fetchMedia(url: string, how: MediaOptions): Promise<FetchedMedia> {
  return fetchWithin(url, how, AbortSignal.timeout(how.timeoutMs));
}

/** Requests that may fetch at a time, each up to its size: short requests must not fill our memory. */
const MOST_FETCHING = 32;
/** Of one owner, so that nobody keeps the others from it. */
const MOST_OF_ONE = 6;
const fetching = new Map<string, number>();

/** Whether a request has a medium of which it tells only the address. */
export function namesAddresses(chat: ChatRequest): boolean {
  return addressesOf(chat).length > 0;
}

/**
 * The request with every medium that has only an address replaced by its content.
 *
 * @throws MediaFault
 */
export async function withMedia(chat: ChatRequest, how: MediaOptions): Promise<ChatRequest> {
  const urls = addressesOf(chat);
  if (urls.length === 0) return chat;
  const fetched = await fetchAddresses(urls, how);
  return { ...chat, messages: chat.messages.map((message) => filledMessage(message, fetched)) };
}

/**
 * What stands at addresses that a client chose.
 *
 * @param urls  one for each place where it is wanted
 * @throws MediaFault
 */
export async function fetchAddresses(
  urls: readonly string[],
  how: MediaOptions,
): Promise<ReadonlyMap<string, FetchedMedia>> {
  const own = fetching.get(how.owner) ?? 0;
  const all = [...fetching.values()].reduce((sum, count) => sum + count, 0);
  if (own >= MOST_OF_ONE || all >= MOST_FETCHING)
    throw new MediaFault("busy", "must wait: too many requests fetch files now; repeat it in a moment");
  fetching.set(how.owner, own + 1);
  try {
    return await fetchAll(urls, how);
  } finally {
    const left = (fetching.get(how.owner) ?? 1) - 1;
    if (left > 0) fetching.set(how.owner, left);
    else fetching.delete(how.owner);
  }
}

async function fetchAll(
  urls: readonly string[],
  how: MediaOptions,
): Promise<ReadonlyMap<string, FetchedMedia>> {
  if (urls.length > ADDRESSES) {
    const what = `are ${urls.length}, and a request may have ${ADDRESSES}; send the others as base64`;
    throw new MediaFault("too-many", what, "the media addresses");
  }
  const fetched = new Map<string, FetchedMedia>();
  const distinct = [...new Set(urls)];
  const waiting = distinct.entries();
  const time = AbortSignal.timeout(how.timeoutMs);
  const others = new AbortController();
  const signal = AbortSignal.any([how.signal, others.signal]);
  let roomBytes = Math.max(TOTAL_BYTES, how.maxBytes);
  const fetchWaiting = async (): Promise<void> => {
    for (const [index, url] of waiting) {
      try {
        const media = await fetchWithin(url, { ...how, signal }, time);
        // Each place where an address stands holds the file once more in what is sent.
        roomBytes -= media.base64.length * 0.75 * urls.filter((other) => other === url).length;
        if (roomBytes < 0)
          throw new MediaFault("too-large", "is one too many for a request's size; send fewer files");
        fetched.set(url, media);
      } catch (error) {
        if (!(error instanceof MediaFault) || distinct.length === 1) throw error;
        throw new MediaFault(error.kind, error.what, `media address ${index + 1} of ${distinct.length}`);
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, distinct.length) }, fetchWaiting));
  } finally {
    others.abort();
  }
  return fetched;
}

async function fetchWithin(url: string, how: MediaOptions, time: AbortSignal): Promise<FetchedMedia> {
  const within = { ...how, signal: AbortSignal.any([how.signal, time]) };
  try {
    const response = await follow(url, within);
    const bytes = await readBody(response, within);
    const { "content-type": contentType } = response.headers;
    return {
      base64: bytes.toString("base64"),
      contentType: typeof contentType === "string" ? contentType : undefined,
    };
  } catch (error) {
    how.signal.throwIfAborted();
    if (error instanceof MediaFault) throw error;
    if (time.aborted) throw new MediaFault("timeout", `took longer than ${how.timeoutMs} ms; ${ADVICE}`);
    if (error instanceof EgressRefusal) throw refused(NOT_PUBLIC);
    throw new MediaFault("unavailable", `could not be fetched to the end; ${ADVICE}`);
  }
}

/** Asks, and asks on where a redirect leads to. The body of the answer is not read. */
async function follow(address: string, how: MediaOptions): Promise<Dispatcher.ResponseData> {
  let url = address.length > URL_CHARACTERS ? null : URL.parse(address);
  for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
    if (url === null) throw refused("it is no URL");
    const fault = how.guard.checkUrl(url);
    if (fault !== undefined) throw refused(fault);
    const response = await request(url, {
      dispatcher: how.guard.dispatcher,
      signal: how.signal,
      headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "switchyard" },
      // The deadline stands for both.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const next = redirectOf(response, url);
    if (next === undefined) return response;
    discard(response);
    if (url.protocol === "https:" && next?.protocol === "http:")
      throw refused("it redirects from https: to http:");
    url = next;
  }
  throw new MediaFault(
    "unavailable",
    `redirects more than ${REDIRECTS} times; give the one that it leads to`,
  );
}

/** Where a reply sends us; null where to nothing that is a URL, undefined where it does not. */
function redirectOf({ statusCode, headers }: Dispatcher.ResponseData, from: URL): URL | null | undefined {
  const { location } = headers;
  if (!REDIRECT_STATUSES.has(statusCode) || location === undefined) return undefined;
  return typeof location === "string" && location.length <= URL_CHARACTERS
    ? URL.parse(location, from.href)
    : null;
}

const REDIRECT_STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

async function readBody(response: Dispatcher.ResponseData, { maxBytes }: MediaOptions): Promise<Buffer> {
  const fault = headFault(response.statusCode, response.headers, maxBytes);
  if (fault !== undefined) {
    discard(response);
    throw fault;
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response.body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop closes the connection.
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    pieces.push(piece);
  }
  if (bytes === 0) throw new MediaFault("unavailable", `answered with nothing; ${ADVICE}`);
  return Buffer.concat(pieces, bytes);
}

function headFault(status: number, headers: IncomingHttpHeaders, maxBytes: number): MediaFault | undefined {
  if (status !== 200) return new MediaFault("unavailable", `answered ${status}; ${ADVICE}`);
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity")
    return new MediaFault("unavailable", `answers only with a compressed body; ${ADVICE}`);
  return Number(headers["content-length"] ?? 0) > maxBytes ? tooLarge(maxBytes) : undefined;
}

/** Closes the connection: what else comes on it is not wanted. */
function discard({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => {});
  body.destroy();
}

function refused(why: string): MediaFault {
  return new MediaFault("refused", `cannot be fetched, since ${why}; ${ADVICE}`);
}

function tooLarge(maxBytes: number): MediaFault {
  return new MediaFault("too-large", `holds more than ${maxBytes} bytes; send a smaller file`);
}

function addressesOf(chat: ChatRequest): string[] {
  const urls: string[] = [];
  for (const { parts } of chat.messages) for (const part of parts) collectUrls(part, urls);
  return urls;
}

function collectUrls(part: ChatPart | ToolResultPart["content"][number], urls: string[]): void {
  if (part.type === "tool-result") for (const inner of part.content) collectUrls(inner, urls);
  else if ("source" in part && "url" in part.source) urls.push(part.source.url);
}

function filledMessage(message: ChatMessage, fetched: ReadonlyMap<string, FetchedMedia>): ChatMessage {
  return {
    ...message,
    parts: message.parts.map((part) =>
      part.type === "tool-result"
        ? { ...part, content: part.content.map((inner) => filled(inner, fetched)) }
        : filled(part, fetched),
    ),
  };
}

function filled<T extends ChatPart | ToolResultPart["content"][number]>(
  part: T,
  fetched: ReadonlyMap<string, FetchedMedia>,
): T | MediaPart {
  const media = "source" in part && "url" in part.source ? fetched.get(part.source.url) : undefined;
  if (media === undefined || !("source" in part)) return part;
  const { base64, contentType } = media;
  return { ...part, source: { base64 }, format: mediaFormat(base64, part.format ?? contentType) };
}

/** What a request names by address could not be fetched: its own fault, whatever target serves it. */
export function mediaRefusal({ message, kind }: MediaFault): AttemptFailure {
  const code = kind === "busy" ? "overloaded" : "invalid_request";
  return { kind: "unsupported", code, elsewhere: true, message };
}
