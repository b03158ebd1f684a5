import type { IncomingMessage } from "node:http";
import { AppError } from "../core/errors.ts";
import { isOverdue } from "./overdue.ts";

/** The client went away while it was still sending; there is nobody to tell it to. */
export class ClientLeft extends AppError {
  constructor() {
    super("invalid_request", "the client left before its body was complete");
  }
}

/** How much of a body that is too long is read and thrown away, so that the client hears the refusal. */
const DISCARD_FACTOR = 4;

/**
 * Reads a request's body.
 *
 * @param limit  bytes; a longer body is refused as soon as that is known
 * @param done   called once, with an AppError payload_too_large or invalid_request, or the body
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  done: (error: AppError | null, body?: Buffer) => void,
): void {
  const declared = request.headers["content-length"];
  const length = declared === undefined ? undefined : Number(declared);
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    done(new AppError("invalid_request", `the body is encoded (${encoding}); send it plain`));
    return discard(request, limit);
  }
  if (length !== undefined && length > limit) {
    done(tooLarge(limit, length));
    return discard(request, limit);
  }
  const chunks: Buffer[] = [];
  let received = 0;
  let over = false;
  const end = (error: AppError | null): void => {
    if (over) return;
    over = true;
    if (error !== null) done(error);
    else done(null, chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, received));
  };
  request.on("data", (chunk: Buffer) => {
    if (over) return;
    received += chunk.length;
    if (received <= limit) return void chunks.push(chunk);
    end(tooLarge(limit, undefined));
    chunks.length = 0;
    discard(request, limit);
  });
  request.on("end", () => {
    // HTTP/1.1 holds clients to their content-length; HTTP/2 leaves that to us.
    const lies = length !== undefined && length !== received;
    end(
      lies
        ? new AppError("invalid_request", `content-length says ${length}, the body has ${received} bytes`)
        : null,
    );
  });
  const brokenOff = (): void => end(isOverdue(request) ? overdue() : new ClientLeft());
  request.on("error", brokenOff);
  request.on("aborted", brokenOff);
}

function overdue(): AppError {
  return new AppError("invalid_request", "the body was not complete within server.timeouts.request");
}

function tooLarge(limit: number, length: number | undefined): AppError {
  const found = length === undefined ? "the body is longer" : `the body has ${length} bytes`;
  return new AppError(
    "payload_too_large",
    `${found} than the limit of ${limit} bytes`.replace("bytes than", "bytes, more than"),
  );
}

/** Many clients write their whole body before they read: closing at once would cost them our answer. */
function discard(request: IncomingMessage, limit: number): void {
  let left = limit * DISCARD_FACTOR;
  request.removeAllListeners("data");
  request.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.resume();
}
