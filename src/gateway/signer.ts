import type { BedrockApiKey } from "../core/bedrock-api-key.ts";
import { verifyBedrockApiKey } from "../core/bedrock-api-key.ts";
import { AppError } from "../core/errors.ts";
import { verifySignature, type SignatureFault, type SignedBy } from "../core/sigv4.ts";
import type { KeyRecord } from "../policy/key.ts";
import type { KeyRing } from "../policy/key-ring.ts";
import type { RequestHead } from "./exchange.ts";

/** What AWS SDKs send instead of a key: a signature over the request, or a short-term key that was signed beforehand. */
export type AwsCredential = { readonly by: SignedBy } | { readonly apiKey: BedrockApiKey };

/**
 * Finds out whose a signed request is. The signature covers the body, so that it can be verified only when that is
 * there; that the pair exists and still holds is known before.
 *
 * @returns what verifies it and tells the key
 * @throws AppError unauthenticated, key_revoked or key_expired
 */
export function signerOf(
  credential: AwsCredential,
  head: RequestHead,
  keys: KeyRing,
  nowMs: number,
): (body: Buffer) => KeyRecord {
  const by = "by" in credential ? credential.by : credential.apiKey.by;
  const { record, secret } = keys.signer(by.accessKeyId, nowMs);
  if (by.service !== "bedrock")
    throw new AppError("unauthenticated", `the request is signed for "${by.service}"; sign it for "bedrock"`);
  return (body) => {
    const fault =
      "by" in credential
        ? verifySignature(
            { method: head.method ?? "", url: head.url ?? "", headers: head.headers, body },
            by,
            secret,
            nowMs,
          )
        : verifyBedrockApiKey(credential.apiKey, secret, nowMs);
    if (fault !== undefined) throw refusal(fault, "apiKey" in credential);
    return record;
  };
}

function refusal({ kind, message }: SignatureFault, isKey: boolean): AppError {
  if (kind === "expired" && isKey) return new AppError("key_expired", message);
  const clock = kind === "expired" || kind === "early" ? "; set the clock of the machine that signs" : "";
  return new AppError("unauthenticated", message.replace(/\.$/, "") + clock);
}
