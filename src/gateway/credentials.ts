import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../core/errors.ts";

/**
 * The key that a request carries: `Authorization: Bearer`, `x-api-key` or `api-key`. All of them lead to the same
 * decision; two different ones are refused, because which one counts would be a guess.
 *
 * @throws AppError unauthenticated
 */
export function clientKey({ headers, rawHeaders }: CredentialHead): string {
  const { authorization } = headers;
  if (authorization === undefined) return onlyKey(headers, new Set());
  // Node keeps the first of several and says nothing.
  if (timesOf(rawHeaders, "authorization") > 1) {
    throw new AppError("unauthenticated", "the request carries two authorization headers");
  }
  return onlyKey(headers, new Set([bearer(authorization)]));
}

/** What of a request tells who sends it. */
export interface CredentialHead {
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

function onlyKey(headers: IncomingHttpHeaders, found: Set<string>): string {
  for (const name of ["x-api-key", "api-key"]) {
    const value = headers[name];
    if (typeof value === "string" && value !== "") found.add(value.trim());
  }
  const [key, other] = found;
  if (key === undefined) throw new AppError("unauthenticated", "the request carries no key");
  if (other !== undefined) throw new AppError("unauthenticated", "the request carries two different keys");
  return key;
}

function timesOf(rawHeaders: readonly string[], name: string): number {
  let times = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? "";
    if (raw.length === name.length && raw.toLowerCase() === name) times++;
  }
  return times;
}

/** The token of a bearer authorization; undefined where there is none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization !== undefined && /^bearer /i.test(authorization)
    ? authorization.slice(7).trim()
    : undefined;
}

function bearer(authorization: string): string {
  const token = bearerToken(authorization);
  if (token !== undefined) return token;
  if (authorization.startsWith("AWS4-HMAC-SHA256")) {
    throw new AppError(
      "unauthenticated",
      "the request is signed with AWS credentials that this Switchyard does not know; set AWS_BEARER_TOKEN_BEDROCK to a Switchyard key, or use an access-key pair issued with one",
    );
  }
  throw new AppError("unauthenticated", "the authorization header is no bearer token");
}
