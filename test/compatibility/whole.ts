import { readFile } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../support/process.ts";
import type { Cell } from "./cell.ts";
import type { Client } from "./client.ts";
import { CLIENTS } from "./clients/index.ts";
import { COLUMNS, LLAMA, startColumns } from "./columns.ts";
import { FEATURES } from "./features/index.ts";
import { runMatrix } from "./matrix.ts";
import { inWords, parsePage, placeOf, renderPage } from "./page.ts";
import { pythonClients, PYTHON_NAMES } from "./python/clients.ts";
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
  readonly llamaUrl?: string;
  /** Told what goes on, where it takes long. */
  readonly onProgress?: (line: string) => void;
}

/**
 * Runs the matrix and makes the page of it. Cells of clients that this machine cannot run, having no Python, and of a real
 * engine that was not started stay as they are on the page.
 */
export async function makePage({ llamaUrl, onProgress = () => {} }: Making = {}): Promise<Made> {
  const before = await readFile(PAGE, "utf8").catch(() => "");
  const python = await pythonClients(onProgress);
  if ("missing" in python) onProgress(`without the clients in Python: ${python.missing}`);
  const run = await runAll([...CLIENTS, ...("missing" in python ? [] : python.clients)], llamaUrl);
  const kept = parsePage(before);
  const now = new Set(run.map(placeOf));
  const cells = [...run, ...kept.filter((cell) => !now.has(placeOf(cell)) && isStillThere(cell))];
  const text = renderPage({
    clients: NAMES,
    columns: [...COLUMNS, LLAMA],
    features: FEATURES,
    cells,
    versions: await versionsOf(),
  });
  const wrong = run.filter(({ result }) => result.kind === "wrong");
  return { text, before, cells, wrong, changed: changes(kept, cells) };
}

async function runAll(clients: readonly Client[], llamaUrl: string | undefined): Promise<Cell[]> {
  await using lab = await startColumns(llamaUrl);
  try {
    return await runMatrix(lab, { clients });
  } finally {
    for (const client of clients) await client.close?.();
  }
}

const NAMES = [...CLIENTS.map(({ name }) => name), ...PYTHON_NAMES];

/** A client, a row or a column that is no more takes its cells with it. */
function isStillThere({ client, provider, feature }: Cell): boolean {
  return (
    NAMES.includes(client) &&
    [...COLUMNS, LLAMA].some(({ name }) => name === provider) &&
    FEATURES.some(({ name }) => name === feature)
  );
}

function changes(before: readonly Cell[], after: readonly Cell[]): string[] {
  const were = new Map(before.map((cell) => [placeOf(cell), inWords(cell.result)]));
  return after.flatMap((cell) => {
    const was = were.get(placeOf(cell));
    const is = inWords(cell.result);
    return was === is ? [] : [`${placeOf(cell)}: was ${was ?? "not there"}, is ${is}`];
  });
}
