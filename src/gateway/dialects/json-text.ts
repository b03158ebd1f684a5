import { scanTrusted } from "../../core/json-scan.ts";
import { isFields } from "./fields.ts";

/** Whether a text is one JSON object, so that it may stand in a body as it is. */
export function isObjectText(text: string): boolean {
  try {
    return isFields(JSON.parse(text));
  } catch {
    return false;
  }
}

/**
 * The same for text of a request, which becomes a part of another body: it must be no deeper than a body may be, nor hold
 * half a character. A key may stand there twice, as models write it so, and what they wrote comes back for good.
 */
export function isRequestObjectText(text: string): boolean {
  try {
    scanTrusted(Buffer.from(text));
    return true;
  } catch {
    return false;
  }
}
