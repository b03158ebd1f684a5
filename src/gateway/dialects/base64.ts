/** The standard alphabet; the padding may be missing. https://www.rfc-editor.org/rfc/rfc4648#section-4 */
const STANDARD = /^[A-Za-z0-9+/]*={0,2}$/;
const MAYBE = /^[A-Za-z0-9+/_=\s-]*$/;

/**
 * Base64 in the standard alphabet, on one line: whatever else it may be written in says the same, and not every upstream
 * reads it.
 *
 * @returns undefined where it is no base64, or has nothing in it
 */
export function standardBase64(text: string): string | undefined {
  if (isStandard(text)) return text;
  if (!MAYBE.test(text)) return undefined;
  const plain = text.replaceAll(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/");
  return isStandard(plain) ? plain : undefined;
}

function isStandard(text: string): boolean {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const isWhole = padding === 0 ? text.length % 4 !== 1 : text.length % 4 === 0;
  return isWhole && text.length > padding && STANDARD.test(text);
}
