import { Writable } from "node:stream";
import pino, { type Logger } from "pino";

export type Log = Logger;

/** Fields that may hold a credential; they are blanked wherever somebody logs them by mistake. */
const REDACTED = [
  "key",
  "token",
  "authorization",
  "apiKey",
  "*.key",
  "*.token",
  "*.authorization",
  "*.apiKey",
];

/**
 * The program's log, on stderr: lines for people, or JSON lines for machines.
 *
 * @param write  where a line goes; stderr unless a test listens
 */
export function createLog(
  format: "text" | "json",
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      write(format === "json" ? chunk.toString() : forPeople(chunk.toString()));
      done();
    },
  });
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: "[redacted]" },
    },
    stream,
  );
}

function forPeople(line: string): string {
  const { time, level, msg, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const clock = String(time).slice(11, 19);
  const error = err as { stack?: string; message?: string } | undefined;
  const trace = error === undefined ? "" : `\n${error.stack ?? error.message ?? ""}`;
  return `${clock} ${String(level).padEnd(5)} ${printable(`${String(msg)}${fields.join("")}`)}${trace}\n`;
}

/** Control characters from outside must not reach a terminal or forge a second line. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are just what is looked for
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, "?");
}
