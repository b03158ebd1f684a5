import { verifyBedrockApiKey, type BedrockApiKey } from "../core/bedrock-api-key.ts";
import { AppError } from "../core/errors.ts";
import { verifySignature, type SignatureFault, type SignedBy } from "../core/sigv4.ts";
import type { KeyRecord } from "../policy/key.ts";
import type { KeyRing } from "../policy/key-ring.ts";
import type { RequestHead } from "./exchange.ts";

/** What AWS SDKs send instead of a key: a signature over the request, or a short-term key that was signed beforehand. */
export type AwsCredential =
  | { readonly kind: "signature"; readonly by: SignedBy }
  | { readonly kind: "short-term-key"; readonly key: BedrockApiKey };

/** Headers that say who asks and what for: where a request is signed, they must be signed with it. */
const MEANINGFUL = ["x-switchyard-", "x-amzn-bedrock-"] as const;

/**
 * Finds out whose a signed request is. A signature covers the body, so that it can be verified only when that is there;
 * everything else is verified before.
 *
 * @returns what verifies the rest and tells the key
 * @throws AppError unauthenticated, key_revoked or key_expired
 */
export function signerOf(
  credential: AwsCredential,
  head: RequestHead,
  keys: KeyRing,
  nowMs: number,
): (body: Buffer) => KeyRecord {
  const by = credential.kind === "signature" ? credential.by : credential.key.by;
  const { record, secret } = keys.signer(by.accessKeyId, nowMs);
  if (by.service !== "bedrock")
    throw new AppError("unauthenticated", `the request is signed for "${by.service}"; sign it for "bedrock"`);
  if (credential.kind === "short-term-key") {
    const fault = verifyBedrockApiKey(credential.key, secret, nowMs);
    if (fault !== undefined) throw keyRefusal(fault);
    return () => record;
  }
  requireSigned(by, head);
  return (body) => {
    const { method = "", url = "", headers } = head;
    const fault = verifySignature({ method, url, headers, body }, by, secret, nowMs);
    if (fault !== undefined) throw signatureRefusal(fault);
    return record;
  };
}

function requireSigned({ signedHeaders }: SignedBy, { headers }: RequestHead): void {
  const signed = new Set(signedHeaders);
  for (const name in headers) {
    if (!MEANINGFUL.some((start) => name.startsWith(start)) || signed.has(name)) continue;
    throw new AppError(
      "unauthenticated",
      `the header ${name} is not covered by the signature; sign it, or leave it out`,
    );
  }
}

function keyRefusal({ kind, message }: SignatureFault): AppError {
  return new AppError(kind === "expired" ? "key_expired" : "unauthenticated", message);
}

function signatureRefusal({ kind, message }: SignatureFault): AppError {
  const clock = kind === "expired" || kind === "early" ? "; set the clock of the machine that signs" : "";
  return new AppError("unauthenticated", message.replace(/\.$/, "") + clock);
}
