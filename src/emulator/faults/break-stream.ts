import { writeException, writeFrame } from "../../core/event-stream.ts";
import type { JsonObject } from "../json.ts";
import { openaiError } from "../operations/chat-completions.ts";
import type { Piece, Reply } from "../transport/reply.ts";
import type { ReadFault } from "./fault.ts";

/** A streamed reply with its fault. */
export function breakStream(reply: Reply, pieces: readonly Piece[], fault: ReadFault): Reply {
  switch (fault.kind) {
    case "exception": {
      const message = fault.message ?? MESSAGES[fault.exception] ?? "The request could not be processed.";
      const bytes = isEventStream(reply)
        ? writeException(fault.exception, JSON.stringify({ message, ...fault.members }))
        : serverSentError(openaiError(message, classOf(fault.exception), fault.members));
      return withFrame(reply, pieces, fault.afterFrames, bytes);
    }
    case "error-frame":
      if (!isEventStream(reply)) {
        const error = openaiError(fault.message, fault.code, { code: fault.code });
        return withFrame(reply, pieces, fault.afterFrames, serverSentError(error));
      }
      return withFrame(
        reply,
        pieces,
        fault.afterFrames,
        writeFrame(
          { ":message-type": "error", ":error-code": fault.code, ":error-message": fault.message },
          "",
        ),
      );
    case "cut":
      return { ...reply, body: cut(pieces, fault.at) };
    case "damage":
      return {
        ...reply,
        body: pieces.map((piece, at) => (at === fault.afterFrames ? damaged(piece) : piece)),
      };
    case "hang":
    case "reset":
      return { ...reply, body: pieces.slice(0, fault.afterFrames ?? 0), end: fault.kind };
    case "error":
    case "slow":
    case "pace":
      return reply;
    default:
      return fault satisfies never;
  }
}

/** What the service says with the commonest of them. */
const MESSAGES: Readonly<Record<string, string>> = {
  throttlingException: "Too many tokens, please wait before trying again.",
  internalServerException:
    "The system encountered an unexpected error during processing. Try your request again.",
  modelStreamErrorException:
    "The system encountered an unexpected error during processing. Try your request again.",
  modelTimeoutException: "Model has timed out in processing the request. Try your request again.",
  serviceUnavailableException: "Bedrock is unable to process your request.",
  validationException: "The provided request is not valid.",
};

function isEventStream({ headers }: Reply): boolean {
  return headers["content-type"]?.includes("eventstream") === true;
}

/** Server-sent events have no exceptions; chat completions send an error as data, and no `[DONE]` after it. */
function serverSentError(error: JsonObject): Buffer {
  return Buffer.from(`data: ${JSON.stringify(error)}\n\n`);
}

/** The class of an exception by the name that it has as a stream's member. */
function classOf(member: string): string {
  return member.charAt(0).toUpperCase() + member.slice(1);
}

/** An exception is the last frame of its stream. */
function withFrame(reply: Reply, pieces: readonly Piece[], after: number, bytes: Buffer): Reply {
  return { ...reply, body: [...pieces.slice(0, after), { bytes, type: "exception", tokens: 0 }] };
}

type CutAt = Extract<ReadFault, { kind: "cut" }>["at"];

function cut(pieces: readonly Piece[], at: CutAt): readonly Piece[] {
  if (typeof at === "number") return pieces.slice(0, at);
  if (at === "start") return [];
  if (at === "before-last") return pieces.slice(0, -1);
  if (at === "inside-frame") {
    const middle = Math.floor(pieces.length / 2);
    const piece = pieces[middle];
    if (piece === undefined) return pieces;
    const half = { ...piece, bytes: piece.bytes.subarray(0, Math.floor(piece.bytes.length / 2)) };
    return [...pieces.slice(0, middle), half];
  }
  const type = at === "before-metadata" ? "metadata" : "messageStop";
  const end = pieces.findIndex((piece) => piece.type === type);
  return pieces.slice(0, end === -1 ? pieces.length - 1 : end);
}

function damaged(piece: Piece): Piece {
  const bytes = Buffer.from(piece.bytes);
  const last = bytes.length - 1;
  bytes[last] = (bytes[last] ?? 0) ^ 0xff;
  return { ...piece, bytes };
}
