import type { AttemptFailure, WholeReply } from "../provider.ts";
import type { Secrets } from "./secrets.ts";

/**
 * What an upstream's error status means for the attempt.
 *
 * @param secrets  our credentials: a refusal that repeats one never reaches the client
 * @param nowMs    for `retry-after` dates
 */
export function statusFailure(
  reply: WholeReply,
  retryAfter: string | undefined,
  secrets: Secrets,
  nowMs: number,
): AttemptFailure {
  const { status } = reply;
  const words = wordsOf(reply.body);
  const told = { status, message: `the upstream answered ${status}` };
  if (status === 429) {
    const said = secrets.tellableThrottle(words, MESSAGE_MAX);
    return { ...told, said, kind: "throttled", ...retryAfterOf(retryAfter, nowMs) };
  }
  if (status === 401 || status === 402 || status === 403) {
    return {
      status,
      kind: "credentials",
      message: `the upstream refused our credentials or account (${status})`,
    };
  }
  const base = { ...told, said: secrets.tellable(words, MESSAGE_MAX) };
  if (status === 408 || status === 504) return { ...base, kind: "timeout" };
  if (status >= 400 && status < 500)
    return {
      ...base,
      kind: "rejected",
      ...(status === 404 && { code: "model_not_found" as const }),
      reply: withoutSecrets(reply, secrets),
    };
  return { ...base, kind: status >= 500 ? "status" : "protocol" };
}

/** What went wrong on the connection, in words that hold no address of ours. */
export function connectionFailure(error: Error, headSeen: boolean): AttemptFailure {
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  if (headSeen) return { kind: "cut", message: `the upstream cut its reply (${code})` };
  if (code === "UND_ERR_INVALID_ARG")
    return { kind: "protocol", message: "the request cannot be sent as it is", charged: false };
  if (code === "UND_ERR_CONNECT_TIMEOUT") {
    return { kind: "connect", message: "no connection to the upstream within the connect timeout" };
  }
  if (CONNECT_CODES.has(code) || TLS_CODE.test(code)) {
    return { kind: "connect", message: `no connection to the upstream (${code})` };
  }
  return { kind: "cut", message: `the upstream closed the connection without an answer (${code})` };
}

const CONNECT_CODES = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EADDRNOTAVAIL",
]);
/** OpenSSL's and Node's names for certificates that cannot be trusted and handshakes that fail. */
const TLS_CODE = /^ERR_(TLS|SSL)|CERT|SIGNATURE|ISSUER|HOSTNAME_MISMATCH/;
const MESSAGE_MAX = 500;

/** Seconds until a repeat makes sense, from a `retry-after` of seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterOf(value: string | undefined, nowMs: number): { retryAfterSeconds?: number } {
  if (value === undefined) return {};
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - nowMs) / 1_000);
  return Number.isFinite(seconds) ? { retryAfterSeconds: Math.min(Math.max(seconds, 0), 3_600) } : {};
}

/** `error.message`, `message` or `detail` of a JSON error body; undefined where it is no JSON. */
function wordsOf(body: Buffer): unknown {
  let said: ErrorBody | null;
  try {
    said = JSON.parse(body.toString()) as ErrorBody | null;
  } catch {
    return undefined;
  }
  const nested = typeof said?.error === "string" ? said.error : said?.error?.message;
  return nested ?? said?.message ?? said?.detail;
}

/** The places where engines put the sentence that says what went wrong. */
interface ErrorBody {
  readonly error?: string | { readonly message?: unknown } | null;
  readonly message?: unknown;
  readonly detail?: unknown;
}

function withoutSecrets(reply: WholeReply, secrets: Secrets): WholeReply {
  const leaks = secrets.hiddenIn(reply.body.toString());
  return leaks ? { ...reply, body: Buffer.from("{}"), contentType: "application/json" } : reply;
}
