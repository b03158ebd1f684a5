import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { ROOT } from "../support/process.ts";
import { run } from "../support/python.ts";
import { PAGES } from "./lab.ts";
import { partsOf } from "./page.ts";
import { openWorkshop } from "./program.ts";

/** As strict as `tsc --init` makes it, which is what a reader has. */
const COMPILER_OPTIONS = {
  target: "es2024",
  module: "nodenext",
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
  types: ["node"],
};

test("the TypeScript of every page has no type error", async () => {
  await using workshop = await openWorkshop();
  for (const page of globSync("*.md", { cwd: PAGES })) {
    const parts = partsOf(readFileSync(path.join(PAGES, page), "utf8"));
    const code = parts.map((part) => part.code.ts ?? "").join("");
    if (code !== "") await workshop.write(`${path.parse(page).name}.mts`, code);
  }
  const config = { compilerOptions: COMPILER_OPTIONS, include: ["*.mts"] };
  const file = await workshop.write("tsconfig.json", JSON.stringify(config));
  const checked = await run(path.join(ROOT, "node_modules/.bin/tsc"), ["-p", file]);
  assert.equal(checked.out, "");
  assert.equal(checked.code, 0);
});
