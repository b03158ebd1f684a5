/** A text from outside as an error message may quote it: short, on one line, without control characters. */
export function brief(text: string, most = 100): string {
  const start = text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
  // oxlint-disable-next-line no-control-regex -- control characters are just what is looked for
  const clean = start.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, "?");
  return text.length > most ? `${clean}…` : clean;
}
