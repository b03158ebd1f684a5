import { readFile } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../support/process.ts";
import type { Cell } from "./cell.ts";
import type { Client } from "./client.ts";
import { CLIENTS } from "./clients/index.ts";
import { COLUMNS, LLAMA, startColumns } from "./columns.ts";
import { FEATURES } from "./features/index.ts";
import { runMatrix } from "./matrix.ts";
import { parsePage, placeOf, renderPage } from "./page.ts";
import { versionsOf } from "./versions.ts";

export const PAGE = path.join(ROOT, "docs/reference/compatibility.md");

export interface Made {
  readonly text: string;
  /** As it was before; "" where there was none. */
  readonly before: string;
  readonly cells: readonly Cell[];
  readonly wrong: readonly Cell[];
  /** Places whose result is another than on the page. */
  readonly changed: readonly string[];
}

export interface Making {
  /** More clients, such as those in other languages; cells of clients that are not run stay as they are. */
  readonly more?: readonly Client[];
  readonly llamaUrl?: string;
}

/** Runs the matrix and makes the page of it. */
export async function makePage({ more = [], llamaUrl }: Making = {}): Promise<Made> {
  const before = await readFile(PAGE, "utf8").catch(() => "");
  const run = await runAll([...CLIENTS, ...more], llamaUrl);
  const kept = parsePage(before);
  const now = new Set(run.map(placeOf));
  const cells = [...run, ...kept.filter((cell) => !now.has(placeOf(cell)) && isStillThere(cell))];
  const clients = [...CLIENTS, ...more];
  const others = [...new Set(kept.map(({ client }) => client))].filter(
    (name) => !clients.some((client) => client.name === name),
  );
  const text = renderPage({
    clients: [...clients, ...others.map((name) => ({ name, packages: [] }))],
    columns: [...COLUMNS, LLAMA],
    features: FEATURES,
    cells,
    versions: await versionsOf(),
  });
  return {
    text,
    before,
    cells,
    wrong: run.filter(({ result }) => result.kind === "wrong"),
    changed: changes(kept, cells),
  };
}

async function runAll(clients: readonly Client[], llamaUrl: string | undefined): Promise<Cell[]> {
  await using lab = await startColumns(llamaUrl);
  return await runMatrix(lab, { clients });
}

/** A row or a column that is no more takes its cells with it. */
function isStillThere({ provider, feature }: Cell): boolean {
  return (
    [...COLUMNS, LLAMA].some(({ name }) => name === provider) && FEATURES.some(({ name }) => name === feature)
  );
}

function changes(before: readonly Cell[], after: readonly Cell[]): string[] {
  const were = new Map(before.map((cell) => [placeOf(cell), JSON.stringify(cell.result)]));
  return after.flatMap((cell) => {
    const was = were.get(placeOf(cell));
    const is = JSON.stringify(cell.result);
    return was === is ? [] : [`${placeOf(cell)}: ${was ?? "was not there"}, now ${is}`];
  });
}
