import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { ROOT } from "../support/process.ts";
import { preparePython } from "../support/python.ts";
import { PAGES, startLab } from "./lab.ts";
import { isAsPrinted, partsOf, type Language, type Part } from "./page.ts";
import { openWorkshop, programOf, runProgram } from "./program.ts";

/** Every program of docs/guides/clients is run, and must print what its page says. */

const REQUIREMENTS = path.join(import.meta.dirname, "requirements.txt");
const hash = createHash("sha256").update(readFileSync(REQUIREMENTS)).digest("hex").slice(0, 16);
const prepared = await preparePython({
  requirements: REQUIREMENTS,
  place: path.join(ROOT, "node_modules/.cache/switchyard", `python-${hash}`),
  modules: ["openai", "anthropic", "boto3"],
});
const python = "python" in prepared ? prepared.python : "";

const INTERPRETERS: Readonly<Record<Language, { command: string; extension: string; skip: string | false }>> =
  {
    ts: { command: process.execPath, extension: "mts", skip: false },
    python: {
      command: python,
      extension: "py",
      skip: "missing" in prepared ? prepared.missing : false,
    },
  };

const pages = globSync("*.md", { cwd: PAGES }).toSorted();

test("there are pages, and each but the first has programs", () => {
  assert.ok(pages.includes("README.md"));
  for (const page of pages.filter((name) => name !== "README.md"))
    assert.ok(
      partsFrom(page).some(({ output }) => output !== undefined),
      page,
    );
});

for (const page of pages) {
  const parts = partsFrom(page);
  for (const [language, { command, extension, skip }] of Object.entries(INTERPRETERS)) {
    const own = parts.filter(({ code }) => code[language as Language] !== undefined);
    if (own.length === 0) continue;
    test(
      `${page}: its ${language === "ts" ? "TypeScript" : "Python"} prints what it says`,
      { skip },
      async () => {
        await using lab = await startLab();
        await using workshop = await openWorkshop();
        const program = programOf(own, language as Language);
        const file = await workshop.write(`program.${extension}`, program);
        const ran = await runProgram([command, file], lab.env);
        for (const [index, part] of own.entries()) check(page, part, ran.printed[index] ?? "", ran.errors);
        assert.equal(ran.code, 0, ran.errors);
        assert.deepEqual(lab.gateway.bugs, []);
      },
    );
  }
}

function check(page: string, { output = "", line }: Part, printed: string, errors: string): void {
  if (isAsPrinted(output, printed)) return;
  assert.equal(printed, output, `docs/guides/clients/${page}:${line} prints something else\n${errors}`);
  assert.fail("the pattern does not match");
}

function partsFrom(page: string): Part[] {
  return partsOf(readFileSync(path.join(PAGES, page), "utf8"));
}
