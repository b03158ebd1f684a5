/** Numbers that do not come out of JSON.parse and JSON.stringify as they went in: long ones, exponents, 1.0, -0. */
const AT_RISK = /\d{16}|\d[eE]|\.\d*0(?!\d)|-0/;

/** https://github.com/tc39/proposal-json-parse-with-source: in V8, not yet in TypeScript's library. */
const EXACT = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
};

/**
 * Parses so that JSON.stringify gives the numbers back digit by digit; such a number is no number in between.
 *
 * @param parsed  the same text, parsed as usual; given back where nothing is at risk
 */
export function parseExactly(text: string, parsed: unknown): unknown {
  if (!AT_RISK.test(text)) return parsed;
  return EXACT.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? EXACT.rawJSON(source)
      : value,
  );
}
