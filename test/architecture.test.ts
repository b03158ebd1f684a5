import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import path from "node:path";
import test from "node:test";

const FOUNDATION = ["core", "config", "storage", "telemetry", "ingest"];
const DOMAIN = [
  "catalog",
  "providers",
  "policy",
  "routing",
  "budget",
  "prompts",
  "guardrails",
  "retrieval",
  "placement",
  "reversibility",
];
const SERVING = ["gateway", "batch", "workflows"];

/** Each folder of src/ and the folders it may import. This table is the architecture; ARCHITECTURE.md draws it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ...Object.fromEntries(["config", "storage", "telemetry", "ingest"].map((folder) => [folder, ["core"]])),
  catalog: FOUNDATION,
  // What one domain folder needs of another comes as plain data, put together above them.
  ...Object.fromEntries(
    DOMAIN.filter((folder) => folder !== "catalog").map((folder) => [folder, [...FOUNDATION, "catalog"]]),
  ),
  ...Object.fromEntries(SERVING.map((folder) => [folder, [...FOUNDATION, ...DOMAIN]])),
  control: [...FOUNDATION, ...DOMAIN, ...SERVING],
  cli: [...FOUNDATION, ...DOMAIN, ...SERVING, "control", "emulator", "app.ts"],
  console: ["control", "core"],
  // A second opinion on Bedrock: it shares nothing with what it judges but the framing in core.
  emulator: ["core"],
  // Runs inside applications, not in the gateway.
  "ai-sdk": ["core"],
  "app.ts": [...FOUNDATION, ...DOMAIN, ...SERVING, "control"],
  "main.ts": ["cli", "node-version.ts"],
  "node-version.ts": [],
};

interface Import {
  readonly file: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

test("every import goes to a folder that the importer may know", async () => {
  const faults: string[] = [];
  for (const { file, to } of await imports()) {
    const from = partOf(file);
    const allowed = MAY_IMPORT[from];
    if (allowed === undefined) faults.push(`${file}: "${from}" is not in the table`);
    else if (partOf(to) !== from && !allowed.includes(partOf(to)))
      faults.push(`${file}: ${from} may not import ${partOf(to)}`);
  }
  assert.deepEqual(faults, []);
});

test("no file imports itself by way of others", async () => {
  const graph = new Map<string, string[]>();
  for (const { file, to, typeOnly } of await imports()) {
    if (!typeOnly) graph.set(file, [...(graph.get(file) ?? []), to]);
  }
  assert.deepEqual(circles(graph), []);
});

test("no source file is longer than 500 lines", async () => {
  const long: string[] = [];
  for await (const file of glob("{src,test,bench,scripts}/**/*.ts")) {
    const lines = (await readFile(file, "utf8")).split("\n").length;
    if (lines > 500) long.push(`${file}: ${lines} lines`);
  }
  assert.deepEqual(long, []);
});

async function imports(): Promise<Import[]> {
  const found: Import[] = [];
  for await (const file of glob("src/**/*.{ts,tsx}")) {
    if (file.endsWith(".test.ts")) continue;
    const text = await readFile(file, "utf8");
    for (const match of text.matchAll(
      /^(?:import|export) (type )?[^;]*?from "(\.[^"]+)";|import\("(\.[^"]+)"\)/gm,
    )) {
      const specifier = match[2] ?? match[3] ?? "";
      found.push({ file, to: path.join(path.dirname(file), specifier), typeOnly: match[1] !== undefined });
    }
  }
  assert.ok(found.length > 100, "the imports were found");
  return found;
}

/** `core` for src/core/errors.ts, `app.ts` for src/app.ts. */
function partOf(file: string): string {
  return file.split(path.sep)[1] ?? "";
}

function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, "open" | "done">();
  const found: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      found.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
      return;
    }
    state.set(file, "open");
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    state.set(file, "done");
  };
  for (const file of graph.keys()) visit(file, []);
  return found;
}
