/**
 * A JSON text that may stand in a body as it is, so that no digit of it is lost.
 *
 * @returns "{}" for nothing, undefined where it is no JSON object
 */
export function jsonObject(text: string): string | undefined {
  if (text.trim() === "") return "{}";
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? text : undefined;
  } catch {
    return undefined;
  }
}
