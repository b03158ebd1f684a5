import { awsPair } from "../../src/policy/aws-pair.ts";
import type { Cell, Feature } from "./cell.ts";
import type { Client, Where } from "./client.ts";
import type { Column, Lab } from "./columns.ts";
import { FEATURES } from "./features/index.ts";
import { judge, type Happened } from "./judge.ts";

/** Cells under way at once. */
const AT_ONCE = 12;
const PATIENCE_MS = 20_000;

export interface Wanted {
  readonly clients: readonly Client[];
  /** All where absent. */
  readonly columns?: readonly Column[];
  readonly features?: readonly Feature[];
}

/** Fills in every cell, in the order of clients, columns and features. */
export async function runMatrix(
  lab: Lab,
  { clients, columns = lab.columns, features = FEATURES }: Wanted,
): Promise<Cell[]> {
  const places = clients.flatMap((client) =>
    columns.flatMap((column) => features.map((feature) => ({ client, column, feature }))),
  );
  const cells: Cell[] = [];
  const tasks = places.map((place, index) => ({
    alone: place.column.real === true,
    run: async () => {
      cells[index] = await fill(lab, place, `t${index}`);
    },
  }));
  await inTurn(
    tasks.filter(({ alone }) => !alone),
    AT_ONCE,
  );
  await inTurn(
    tasks.filter(({ alone }) => alone),
    1,
  );
  return cells;
}

/** Some at once, in their order. */
async function inTurn(
  tasks: readonly { readonly run: () => Promise<void> }[],
  atOnce: number,
): Promise<void> {
  const left = tasks.values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const { run } of left) await run();
    }),
  );
}

interface Place {
  readonly client: Client;
  readonly column: Column;
  readonly feature: Feature;
}

async function fill(lab: Lab, { client, column, feature }: Place, tag: string): Promise<Cell> {
  const cell = { client: client.name, provider: column.name, feature: feature.name };
  if (column.freeWords === true && feature.needsModel === true)
    return { ...cell, result: { kind: "n/a", reason: "it cannot be told to" } };
  if (column.without?.rows.test(feature.name) === true)
    return { ...cell, result: { kind: "n/a", reason: column.without.why } };
  const notFor = client.notFor?.[column.name];
  if (notFor !== undefined) return { ...cell, result: { kind: "n/a", reason: notFor } };
  const { keyId, where } = whereOf(lab, column, feature);
  let happened: Happened;
  try {
    happened = await withinReason(client.ask(where, feature.ask(tag, lab.pictureUrl)));
  } catch (error) {
    happened = { broken: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  return { ...cell, result: await judge({ lab, client, column, feature, tag, keyId, happened }) };
}

/** A key of its own for every cell, by which its records are found. */
function whereOf(
  lab: Lab,
  column: Column,
  feature: Feature,
): { readonly keyId: string; readonly where: Where } {
  const { gateway } = lab;
  const barred = feature.key === "barred" ? { tasks: ["other"] } : {};
  const { key, record } = gateway.issue({ rights: { aws: true, ...barred } });
  // The id does not depend on the pepper, which the ring alone knows.
  const { accessKeyId } = awsPair(record.id, Buffer.alloc(0));
  const { secret } = gateway.ring.signer(accessKeyId, Date.now());
  const called = column.alias ?? column.name;
  const target = feature.target === "hasty" ? `${called}-hasty` : called;
  const unknown = feature.key === "unknown";
  return {
    keyId: record.id,
    where: {
      url: gateway.url,
      key: unknown ? "sy-not-a-key-of-this-gateway" : key,
      pair: { accessKeyId, secretAccessKey: unknown ? "not-the-secret-of-this-pair" : secret },
      model: feature.model ?? target,
    },
  };
}

async function withinReason<Value>(asked: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
