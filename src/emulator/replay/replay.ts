import { FrameReader } from "../../core/event-stream.ts";
import { EXCEPTIONS } from "../service-error.ts";
import type { Piece, Reply } from "../transport/reply.ts";
import type { WireRequest } from "../transport/wire-request.ts";
import { keyOf, type Recording } from "./recordings.ts";

/** Headers of the connection, and those that are made anew. */
const NOT_REPLAYED = ["connection", "content-length", "date", "transfer-encoding", "via", "x-amzn-requestid"];

/** Gives recorded replies to requests that were recorded; the same request asked again gets the next one. */
export class Replay {
  readonly #replies = new Map<string, { readonly recordings: Recording[]; next: number }>();

  constructor(recordings: readonly Recording[]) {
    for (const recording of recordings) {
      const key = keyOf(recording.method, recording.path, recording.body);
      const known = this.#replies.get(key);
      if (known === undefined) this.#replies.set(key, { recordings: [recording], next: 0 });
      else known.recordings.push(recording);
    }
  }

  /** @returns undefined where nothing like it was recorded; the last reply is repeated */
  replyTo(request: WireRequest): Reply | undefined {
    const found = this.#replies.get(keyOf(request.method, request.url, request.body));
    const recording = found?.recordings[Math.min(found.next, found.recordings.length - 1)];
    if (found === undefined || recording === undefined) return undefined;
    found.next++;
    const headers = Object.fromEntries(
      Object.entries(recording.headers).filter(([name]) => !NOT_REPLAYED.includes(name)),
    );
    const isStream = headers["content-type"]?.includes("eventstream") === true;
    return {
      status: recording.status,
      headers: { ...errorType(recording), ...headers },
      body: isStream ? framesOf(recording.reply) : recording.reply,
    };
  }
}

/** The same bytes, frame by frame. */
function framesOf(reply: Buffer): readonly Piece[] {
  return new FrameReader().push(reply).map(({ bytes, type }) => ({ bytes, type, tokens: 1 }));
}

/** Recorders leave this header out; without it no SDK knows the error's class, so it is told from the status. */
function errorType({ status }: Recording): Record<string, string> {
  const type = typeOfStatus(status);
  return type === undefined ? {} : { "x-amzn-errortype": type };
}

/** The commonest exception of a status; undefined where the status is no error. */
export function typeOfStatus(status: number): string | undefined {
  if (status < 400) return undefined;
  const common = { 400: "ValidationException", 403: "AccessDeniedException", 429: "ThrottlingException" };
  return (
    common[status as keyof typeof common] ??
    Object.entries(EXCEPTIONS).find(([, of]) => of === status)?.[0] ??
    "UnknownError"
  );
}
