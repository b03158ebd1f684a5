import { timingSafeEqual } from "node:crypto";
import { readBedrockApiKey, verifyBedrockApiKey } from "../../core/bedrock-api-key.ts";
import { readAuthorization, verifySignature, type SignedBy } from "../../core/sigv4.ts";
import { ACCOUNT } from "../models/resolve.ts";
import { ServiceError } from "../service-error.ts";
import { headerOf, type WireRequest } from "../transport/wire-request.ts";
import type { Identity, KeyPair, Session } from "./identity.ts";

export interface Keyring {
  readonly pair: KeyPair | undefined;
  readonly bearerToken: string | undefined;
  /** Region that signatures must be for; any where undefined. */
  readonly region: string | undefined;
  /** Lets everybody in; who names themselves is still known by that name. */
  readonly open: boolean;
  /** By access key. */
  readonly sessions: ReadonlyMap<string, Session>;
}

/**
 * Finds out who sent a request.
 *
 * @param service  that the signature must be for: `bedrock`, or `sts`
 * @throws ServiceError with status 403
 */
export function authenticate(
  request: WireRequest,
  service: string,
  keyring: Keyring,
  nowMs: number,
): Identity {
  const authorization = headerOf(request, "authorization");
  if (keyring.open) return named(authorization, keyring);
  if (authorization === undefined || authorization === "")
    throw new ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token");
  if (authorization.startsWith("Bearer ")) return byBearer(authorization.slice(7), keyring, nowMs);
  const by = readAuthorization(authorization);
  if (by === undefined)
    throw new ServiceError(
      "IncompleteSignatureException",
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter.",
    );
  return bySignature(request, by, service, keyring, nowMs);
}

function bySignature(
  request: WireRequest,
  by: SignedBy,
  service: string,
  { pair, sessions, region }: Keyring,
  nowMs: number,
): Identity {
  const session = sessions.get(by.accessKeyId);
  const secret =
    session?.secretAccessKey ?? (pair?.accessKeyId === by.accessKeyId ? pair.secretAccessKey : "");
  const token = headerOf(request, "x-amz-security-token");
  if (secret === "" || token !== session?.sessionToken)
    throw new ServiceError(
      "UnrecognizedClientException",
      "The security token included in the request is invalid.",
    );
  if (by.service !== service)
    throw badSignature(`Credential should be scoped to correct service: '${service}'. `);
  if (region !== undefined && service !== "sts" && by.region !== region)
    throw badSignature(`Credential should be scoped to a valid region. `);
  const fault = verifySignature({ ...request, headers: request.headers }, by, secret, nowMs);
  if (fault !== undefined) throw badSignature(fault.message);
  if (session !== undefined && nowMs >= session.expiresAtMs)
    throw new ServiceError("ExpiredTokenException", "The security token included in the request is expired");
  return session === undefined
    ? { ...ANYBODY, kind: "sigv4", accessKeyId: by.accessKeyId, region: by.region }
    : ofSession(session, by.region);
}

function byBearer(token: string, { bearerToken, pair, region }: Keyring, nowMs: number): Identity {
  if (bearerToken !== undefined && isEqual(token, bearerToken)) return { ...ANYBODY, kind: "api-key" };
  const key = readBedrockApiKey(token);
  if (key === undefined || pair === undefined || key.by.accessKeyId !== pair.accessKeyId)
    throw denied("Authentication failed: Please make sure your API Key is valid.");
  const fault = verifyBedrockApiKey(key, pair.secretAccessKey, nowMs);
  if (fault?.kind === "expired") throw denied("Bearer Token has expired");
  if (fault !== undefined || (region !== undefined && key.by.region !== region))
    throw denied("Authentication failed: Please make sure your API Key is valid.");
  return { ...ANYBODY, kind: "short-term-key", accessKeyId: pair.accessKeyId, region: key.by.region };
}

/** Without verifying anything. */
function named(authorization: string | undefined, { sessions }: Keyring): Identity {
  const by = readAuthorization(authorization ?? "");
  const session = sessions.get(by?.accessKeyId ?? "");
  if (session !== undefined) return ofSession(session, by?.region);
  return { ...ANYBODY, accessKeyId: by?.accessKeyId, region: by?.region };
}

function ofSession(session: Session, region: string | undefined): Identity {
  const { account, accessKeyId, sessionName, tags } = session;
  return { kind: "session", account, accessKeyId, region, sessionName, tags };
}

const ANYBODY: Identity = {
  kind: "open",
  account: ACCOUNT,
  accessKeyId: undefined,
  region: undefined,
  sessionName: undefined,
  tags: {},
};

function badSignature(message: string): ServiceError {
  return new ServiceError("InvalidSignatureException", message);
}

function denied(message: string): ServiceError {
  return new ServiceError("AccessDeniedException", message);
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
