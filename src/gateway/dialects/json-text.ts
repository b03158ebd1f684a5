import { isFields } from "./fields.ts";

/** Whether a text is one JSON object, so that it may stand in a body as it is. */
export function isObjectText(text: string): boolean {
  try {
    return isFields(JSON.parse(text));
  } catch {
    return false;
  }
}
