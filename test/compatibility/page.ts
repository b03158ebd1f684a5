import type { Cell, Feature, Result } from "./cell.ts";
import type { Column } from "./columns.ts";
import { INTRODUCTION } from "./page-words.ts";

/** What the page is made of; cells of clients and columns that were not run come from the page that is there. */
export interface Page {
  /** Their names. */
  readonly clients: readonly string[];
  readonly columns: readonly Column[];
  readonly features: readonly Feature[];
  readonly cells: readonly Cell[];
  /** `name version`, of all packages that were used. */
  readonly versions: readonly string[];
}

type Look = (client: string, provider: string, feature: string) => Result | undefined;

/** docs/reference/compatibility.md: the same for the same cells. */
export function renderPage(page: Page): string {
  const byPlace = new Map(page.cells.map((cell) => [placeOf(cell), cell.result]));
  const look: Look = (client, provider, feature) => byPlace.get(placeOf({ client, provider, feature }));
  const clients = page.clients.filter((name) => page.cells.some(({ client }) => client === name));
  const columns = page.columns.filter(({ name }) => page.cells.some(({ provider }) => provider === name));
  return [
    INTRODUCTION,
    "## Providers\n",
    ...columns.map(({ name, title }) => `- **${name}**: ${title}`),
    "\n## Summary\n",
    "How many rows work; where some are refused, of how many. What a client cannot ask for at all is not counted.\n",
    row(["", ...columns.map(({ name }) => name)]),
    rule(columns.length),
    ...clients.map((name) =>
      row([
        `[${name}](#${anchor(name)})`,
        ...columns.map((column) => count(look, name, column.name, page.features)),
      ]),
    ),
    "\n## Rows\n",
    ...page.features.map(({ name, title }) => `- **${name}**: ${title}`),
    ...clients.map((name) => clientPart(name, columns, page.features, look)),
    "\n## Versions\n",
    page.versions.join(", "),
    "",
  ].join("\n");
}

/** Of a cell, for finding it again. */
export function placeOf({ client, provider, feature }: Omit<Cell, "result">): string {
  return `${client} | ${provider} | ${feature}`;
}

function count(look: Look, client: string, provider: string, features: readonly Feature[]): string {
  const kinds = features.map(({ name }) => look(client, provider, name)?.kind);
  const works = kinds.filter((kind) => kind === "works").length;
  const asked = kinds.filter((kind) => kind !== undefined && kind !== "n/a").length;
  if (asked === 0) return "–";
  return works === asked ? String(works) : `${works} of ${asked}`;
}

function clientPart(
  name: string,
  columns: readonly Column[],
  features: readonly Feature[],
  look: Look,
): string {
  const notes = new Notes();
  const lines = features.map((feature) =>
    row([feature.name, ...columns.map((column) => notes.mark(look(name, column.name, feature.name)))]),
  );
  return [
    `\n## ${name}\n`,
    row(["", ...columns.map((column) => column.name)]),
    rule(columns.length),
    ...lines,
    "",
    ...notes.list,
  ].join("\n");
}

const MARKS = { works: "✓", refused: "✗", "n/a": "–", wrong: "!" } as const;
const KINDS = new Map(Object.entries(MARKS).map(([kind, mark]) => [mark as string, kind as Result["kind"]]));

/** Reasons with numbers, each told once. */
class Notes {
  readonly #numbers = new Map<string, number>();

  mark(result: Result | undefined): string {
    if (result === undefined) return "";
    const said = noteOf(result);
    if (said === undefined) return MARKS[result.kind];
    const number = this.#numbers.get(said) ?? this.#numbers.size + 1;
    this.#numbers.set(said, number);
    return `${MARKS[result.kind]} ${number}`;
  }

  get list(): string[] {
    return [...this.#numbers].map(([said, number]) => `${number}. ${said}`);
  }
}

/** `works`, or `refused, 400 …`. */
export function inWords(result: Result): string {
  const note = noteOf(result);
  return note === undefined ? result.kind : `${result.kind}, ${note}`;
}

function noteOf(result: Result): string | undefined {
  switch (result.kind) {
    case "works":
      return result.note;
    case "refused":
      return `${result.status} \`${result.code}\`: ${result.reason}`;
    case "n/a":
    case "wrong":
      return result.reason.replace(/\s+/g, " ");
    default:
      return result satisfies never;
  }
}

/** The cells of a page, for those that are not run again. */
export function parsePage(text: string): Cell[] {
  return text.split(/^## /m).flatMap((part) => {
    const [title = "", ...lines] = part.split("\n");
    const rows = lines.filter((line) => line.startsWith("|")).map(cellsOf);
    const notes = new Map(lines.flatMap((line) => numbered(line)));
    const [head = [], , ...body] = rows;
    if (title === "Summary" || head.length === 0) return [];
    return body.flatMap(([feature = "", ...marks]) =>
      marks.flatMap((mark, index): Cell[] => {
        const result = parseMark(mark, notes);
        return result === undefined
          ? []
          : [{ client: title, provider: head[index + 1] ?? "", feature, result }];
      }),
    );
  });
}

function cellsOf(line: string): string[] {
  return line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function numbered(line: string): [string, string][] {
  const [, number, said] = /^(\d+)\. (.*)$/.exec(line) ?? [];
  return number === undefined || said === undefined ? [] : [[number, said]];
}

function parseMark(text: string, notes: ReadonlyMap<string, string>): Result | undefined {
  const [mark = "", number = ""] = text.split(" ");
  const kind = KINDS.get(mark);
  const said = notes.get(number);
  if (kind === "works") return said === undefined ? { kind } : { kind, note: said };
  if (kind === "n/a" || kind === "wrong") return { kind, reason: said ?? "" };
  const [, status, code, reason] = /^(\d+) `(\w*)`: (.*)$/.exec(said ?? "") ?? [];
  if (kind === undefined || status === undefined) return undefined;
  return { kind: "refused", status: Number(status), code: code ?? "", reason: reason ?? "" };
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function rule(columns: number): string {
  return `|${"---|".repeat(columns + 1)}`;
}

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replace(/ /g, "-");
}
