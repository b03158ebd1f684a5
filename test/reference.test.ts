import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import test from "node:test";
import { references } from "../scripts/generate-reference.ts";
import { ERRORS } from "../src/core/errors.ts";

test("docs/reference is what the sources say; `npm run generate` writes it", async () => {
  for (const [name, text] of references()) {
    assert.equal(await readFile(new URL(`../docs/reference/${name}`, import.meta.url), "utf8"), text, name);
  }
});

test("every code that is thrown is in the table of errors", async () => {
  const unknown: string[] = [];
  for await (const file of glob("src/**/*.ts")) {
    for (const [, code = ""] of (await readFile(file, "utf8")).matchAll(/new AppError\(\s*"([a-z_]+)"/g)) {
      if (!(code in ERRORS)) unknown.push(`${file}: ${code}`);
    }
  }
  assert.deepEqual(unknown, []);
});

test("every link between documents leads somewhere", async () => {
  const broken: string[] = [];
  for await (const file of glob(["*.md", "docs/**/*.md"])) {
    const text = await readFile(file, "utf8");
    for (const [, target = ""] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)) {
      const url = new URL(target, new URL(`../${file}`, import.meta.url));
      await readFile(url).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EISDIR") broken.push(`${file}: ${target}`);
      });
    }
  }
  assert.deepEqual(broken, []);
});
