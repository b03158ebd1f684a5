import { ERRORS, type AppError } from "../../core/errors.ts";

/** What an error says in every dialect: what happened, the upstream's own words, what to do, and which exchange it was. */
export function errorMessage(error: AppError, exchangeId: string): string {
  const said = error.said === undefined ? "" : `: ${withoutStop(error.said)}`;
  const fix = error.advises ? "" : ` ${ERRORS[error.code].fix}`;
  return `${withoutStop(error.message)}${said}.${fix} (exchange ${exchangeId})`;
}

function withoutStop(text: string): string {
  return text.replace(/\.\s*$/, "");
}
