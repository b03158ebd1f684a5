import type { IncomingHttpHeaders } from "node:http";
import { readBedrockApiKey, type BedrockApiKey } from "../core/bedrock-api-key.ts";
import { AppError } from "../core/errors.ts";
import { readAuthorization } from "../core/sigv4.ts";
import type { KeyRecord } from "../policy/key.ts";
import type { KeyRing } from "../policy/key-ring.ts";
import type { RequestHead } from "./exchange.ts";
import { signerOf, type AwsCredential } from "./signer.ts";

/**
 * What a request says about its sender: a key, or what an AWS SDK signed.
 *
 * @throws AppError unauthenticated
 */
export function credentialOf(head: CredentialHead): string | AwsCredential {
  const { authorization } = head.headers;
  if (authorization === undefined) return clientKey(head);
  const by = readAuthorization(authorization);
  const apiKey = by === undefined ? readBedrockApiKey(bearerToken(authorization) ?? "") : undefined;
  if (by === undefined && apiKey === undefined) return clientKey(head);
  if (
    timesOf(head.rawHeaders, "authorization") > 1 ||
    KEY_HEADERS.some((name) => head.headers[name] !== undefined)
  )
    throw new AppError("unauthenticated", "the request carries a key beside its signature");
  return by !== undefined
    ? { kind: "signature", by }
    : { kind: "short-term-key", key: apiKey as BedrockApiKey };
}

/**
 * Whose a request without a body is.
 *
 * @throws AppError unauthenticated, key_revoked or key_expired
 */
export function senderOf(head: CredentialHead & RequestHead, keys: KeyRing, nowMs: number): KeyRecord {
  const credential = credentialOf(head);
  return typeof credential === "string"
    ? keys.authenticate(credential, nowMs)
    : signerOf(credential, head, keys, nowMs)(NO_BODY);
}

const NO_BODY = Buffer.alloc(0);

/**
 * The key that a request carries: `Authorization: Bearer`, `x-api-key` or `api-key`. All of them lead to the same
 * decision; two different ones are refused, because which one counts would be a guess.
 *
 * @throws AppError unauthenticated
 */
function clientKey({ headers, rawHeaders }: CredentialHead): string {
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

const KEY_HEADERS = ["x-api-key", "api-key"] as const;

function onlyKey(headers: IncomingHttpHeaders, found: Set<string>): string {
  for (const name of KEY_HEADERS) {
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
      "the request is signed in a way that cannot be read here; set AWS_BEARER_TOKEN_BEDROCK to a Switchyard key, or use an access-key pair issued with one (switchyard keys create --aws)",
    );
  }
  throw new AppError("unauthenticated", "the authorization header is no bearer token");
}
