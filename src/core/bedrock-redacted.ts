import { isUtf8 } from "node:buffer";

/** Marks bytes that are no text. */
const BYTES = "bedrock-bytes:";

/** What a redacted thought's data is on the wire of Bedrock: the bytes of the maker's text. */
export function redactedBytes(data: string): Buffer {
  return data.startsWith(BYTES) ? Buffer.from(data.slice(BYTES.length), "base64") : Buffer.from(data);
}

/** The other way round. Claude's data is a text; where another's is not, it is kept byte by byte all the same. */
export function redactedData(bytes: Buffer): string {
  const text = isUtf8(bytes) ? bytes.toString() : undefined;
  return text === undefined || text.startsWith(BYTES) ? `${BYTES}${bytes.toString("base64")}` : text;
}
