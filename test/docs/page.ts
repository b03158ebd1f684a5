export type Language = "ts" | "python";

/** A part of a page: programs, and what each of them prints. */
export interface Part {
  /** The code of each language, its fences joined. */
  readonly code: Readonly<Partial<Record<Language, string>>>;
  /** What each of the programs prints in this part; undefined at the end of a page that prints no more. */
  readonly output: string | undefined;
  /** Of the first fence, in the page; for messages. */
  readonly line: number;
}

interface Fence {
  readonly language: string;
  readonly text: string;
  readonly line: number;
}

/**
 * The parts of a page. Fences of `ts` and `python` are programs; a fence of `text` ends a part and is what every program
 * of it prints there. Fences of other languages are for the reader alone.
 */
export function partsOf(markdown: string): Part[] {
  const parts: Part[] = [];
  let code: Partial<Record<Language, string>> = {};
  let line = 0;
  const close = (output: string | undefined): void => {
    if (Object.keys(code).length > 0) parts.push({ code, output, line });
    code = {};
  };
  for (const fence of fencesOf(markdown)) {
    const { language } = fence;
    if (language === "ts" || language === "python") {
      if (Object.keys(code).length === 0) line = fence.line;
      code[language] = (code[language] ?? "") + fence.text;
    } else if (language === "text") {
      if (Object.keys(code).length === 0)
        throw new Error(`line ${fence.line}: there is no program of which this is the output`);
      close(fence.text);
    }
  }
  close(undefined);
  return parts;
}

/** The first fence of a language, whole. */
export function fenceOf(markdown: string, language: string): string {
  const fence = fencesOf(markdown).find((each) => each.language === language);
  if (fence === undefined) throw new Error(`there is no fence of ${language}`);
  return fence.text;
}

function fencesOf(markdown: string): Fence[] {
  return [...markdown.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map((match) => ({
    language: match[1] ?? "",
    text: match[2] ?? "",
    line: markdown.slice(0, match.index).split("\n").length,
  }));
}

/** Whether a program printed what the page says, in which `…` stands for any text of one line, or alone for any lines. */
export function isAsPrinted(page: string, printed: string): boolean {
  const lines = page.trim().split("\n");
  const pattern = lines.map((line) =>
    line.trim() === "…" ? "[^]*" : line.trimEnd().split("…").map(escaped).join(".*"),
  );
  const text = printed
    .trim()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
  return new RegExp(`^${pattern.join("\n")}$`).test(text);
}

/** A text as a pattern that fits it alone. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
