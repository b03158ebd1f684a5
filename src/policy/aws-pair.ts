import { createHmac } from "node:crypto";

/** An access-key pair for AWS SDKs, beside a key: they sign with it, and the secret never travels. */
export interface AwsPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const MARK = "SYAK";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** As long as AWS's own. */
const SECRET_LENGTH = 40;

/**
 * The pair of a key. Nothing of it is stored: the id is the key's own, spelt otherwise, and the secret is derived from
 * it under the pepper, by HMAC-SHA256.
 *
 * @param keyId  a UUID
 */
export function awsPair(keyId: string, pepper: Buffer): AwsPair {
  const secret = createHmac("sha256", pepper).update(`aws-secret-access-key:${keyId}`).digest("base64url");
  return {
    accessKeyId: accessKeyIdOf(keyId),
    secretAccessKey: secret.slice(0, SECRET_LENGTH),
  };
}

/** The id of a key's pair. */
export function accessKeyIdOf(keyId: string): string {
  return MARK + base32(keyId.replaceAll("-", ""));
}

/** RFC 4648, without padding. */
function base32(hex: string): string {
  let bits = BigInt(`0x${hex}`) << 2n;
  let text = "";
  for (let index = 0; index < 26; index++) {
    text = (BASE32[Number(bits & 31n)] ?? "") + text;
    bits >>= 5n;
  }
  return text;
}
