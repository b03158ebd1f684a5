import { ERRORS, type AppError } from "../core/errors.ts";
import type { ErrorReply } from "./dialects/dialect.ts";

/** An error of the control API (RFC 9457). */
export function problemOf(error: AppError, id: string): ErrorReply {
  const row = ERRORS[error.code];
  const problem = {
    type: "about:blank",
    title: row.when,
    status: row.status,
    detail: error.message,
    code: error.code,
    fix: row.fix,
    instance: id,
  };
  return {
    status: row.status,
    headers: { "content-type": "application/problem+json", ...row.headers },
    body: Buffer.from(JSON.stringify(problem)),
  };
}
