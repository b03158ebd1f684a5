import http from "node:http";
import { readRecordings, type Recording } from "./recordings.ts";
import { typeOfStatus } from "./replay.ts";

/** A recorded request with what it got then and what it gets here. */
export interface CheckedRequest {
  readonly file: string;
  readonly number: number;
  readonly request: string;
  readonly recorded: Verdict;
  readonly answered: Verdict;
  readonly same: boolean;
}

export interface Verdict {
  readonly status: number;
  /** Class of the error; undefined where there is none. */
  readonly error: string | undefined;
  readonly message: string | undefined;
}

/**
 * Sends every recorded request to an emulator and compares status and class of error.
 *
 * @param url  of an emulator that takes anyone and replays nothing
 * @throws RecordingsUnreadable
 */
export async function checkRecordings(folder: string, url: string): Promise<CheckedRequest[]> {
  const results: CheckedRequest[] = [];
  for (const recording of readRecordings(folder)) {
    const recorded = verdictOf(recording.status, recording.headers["x-amzn-errortype"], recording.reply);
    const answered = await send(recording, url);
    const same = recorded.status === answered.status && recorded.error === answered.error;
    const { file, number, method, path } = recording;
    results.push({ file, number, request: `${method} ${path}`, recorded, answered, same });
  }
  return results;
}

async function send({ method, path, body }: Recording, url: string): Promise<Verdict> {
  const { hostname, port } = new URL(url);
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = http.request(
      { hostname, port, method, path, headers: { "content-type": "application/json" }, agent: false },
      resolve,
    );
    request.on("error", reject);
    request.end(body);
  });
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  const type = response.headers["x-amzn-errortype"];
  return verdictOf(
    response.statusCode ?? 0,
    typeof type === "string" ? type : undefined,
    Buffer.concat(pieces),
  );
}

function verdictOf(status: number, errorType: string | undefined, body: Buffer): Verdict {
  const message = messageOf(body);
  if (status < 400) return { status, error: undefined, message: undefined };
  return { status, error: errorType?.split(":")[0] ?? typeOfStatus(status), message };
}

function messageOf(body: Buffer): string | undefined {
  try {
    const { message, Message } = JSON.parse(body.toString()) as { message?: string; Message?: string };
    return message ?? Message;
  } catch {
    return undefined;
  }
}
