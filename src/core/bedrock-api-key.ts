import { readPresigned, verifyPresigned, type SignatureFault, type SignedBy } from "./sigv4.ts";

/**
 * Short-term Bedrock API keys: `bedrock-api-key-` and base64 of a presigned address that calls nothing, with
 * `&Version=1` after it. Whoever knows the secret of the pair that signed it can verify one offline.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-how.html
 */
export interface BedrockApiKey {
  readonly by: SignedBy;
  /** `host/path?query`, as it was signed. */
  readonly url: string;
}

const MARK = "bedrock-api-key-";
const VERSION = "&Version=1";
const HOST = "bedrock.amazonaws.com";
/** Twelve hours, as AWS allows. */
const LONGEST_SECONDS = 43_200;

/** Reads one; undefined where the token is none. */
export function readBedrockApiKey(token: string): BedrockApiKey | undefined {
  if (!token.startsWith(MARK)) return undefined;
  const text = Buffer.from(token.slice(MARK.length), "base64").toString();
  if (!text.endsWith(VERSION)) return undefined;
  const url = text.slice(0, -VERSION.length);
  const query = url.slice(url.indexOf("?") + 1);
  const params = new URLSearchParams(query);
  if (!url.startsWith(`${HOST}/`) || params.get("Action") !== "CallWithBearerToken") return undefined;
  if (!(Number(params.get("X-Amz-Expires")) <= LONGEST_SECONDS)) return undefined;
  const by = readPresigned(query);
  return by === undefined || by.service !== "bedrock" ? undefined : { by, url };
}

/** @returns undefined where the key is good now */
export function verifyBedrockApiKey(
  key: BedrockApiKey,
  secret: string,
  nowMs: number,
): SignatureFault | undefined {
  return verifyPresigned("POST", key.url, secret, nowMs);
}
