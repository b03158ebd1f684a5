/** SQLSTATE classes: connection exception, insufficient resources, operator intervention. */
const CLASSES = /^(08|53|57)/;
const SYSTEM_CODES: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENOTFOUND",
]);
/** The driver's own, which have no code. */
const WORDS = /^(Connection terminated|Query read timeout|timeout exceeded when trying to connect)/;

/** Whether an error says that the database cannot be reached, and not that a query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === "string" && (CLASSES.test(code) || SYSTEM_CODES.has(code))) return true;
  return WORDS.test(error.message);
}
