/** Whether a name fits a pattern in which `*` stands for any run of characters: "support.*", "*". */
export function matchesGlob(pattern: string, name: string): boolean {
  if (pattern === "*" || pattern === name) return true;
  const pieces = pattern.split("*");
  if (pieces.length === 1) return false;
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

export function matchesAny(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, name));
}
