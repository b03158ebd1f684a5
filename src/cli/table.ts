/** Rows in aligned columns, the first row as their heads. Control characters of values never reach the terminal. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [heads, ...rows.map((row) => row.map(printable))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are just what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "?");
}
