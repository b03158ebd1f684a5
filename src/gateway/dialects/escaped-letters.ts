const ESCAPE = Buffer.from("\\u00");
const FIRST_LETTERS = 0x34;
const LAST_LETTERS = 0x37;

/**
 * Whether JSON text may spell a name with escapes, such as `"\u0074ools"`, which a search of its bytes does not find.
 * Names are of ASCII letters, U+0040 to U+007F; nobody needs to escape those, but some do.
 */
export function mayEscapeLetters(json: Buffer): boolean {
  for (let at = json.indexOf(ESCAPE); at !== -1; at = json.indexOf(ESCAPE, at + ESCAPE.length)) {
    const digit = json[at + ESCAPE.length] ?? 0;
    if (digit >= FIRST_LETTERS && digit <= LAST_LETTERS) return true;
  }
  return false;
}
