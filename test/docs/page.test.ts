import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { fenceOf, isAsPrinted, partsOf } from "./page.ts";

const PAGE = `# A page

\`\`\`ts
const a = 1;
\`\`\`

and in Python

\`\`\`python
a = 1
\`\`\`

\`\`\`sh
npm start
\`\`\`

\`\`\`ts
console.log(a);
\`\`\`

\`\`\`text
1
\`\`\`

\`\`\`python
print(a)
\`\`\`
`;

test("a part is the programs before an output, each language's fences joined; other languages are not run", () => {
  assert.deepEqual(partsOf(PAGE), [
    { code: { ts: "const a = 1;\nconsole.log(a);\n", python: "a = 1\n" }, output: "1\n", line: 3 },
    { code: { python: "print(a)\n" }, output: undefined, line: 25 },
  ]);
  assert.equal(fenceOf(PAGE, "sh"), "npm start\n");
});

test("an output without a program is a fault of the page", () => {
  assert.throws(() => partsOf("x\n\n```text\n1\n```\n"), /line 3: there is no program/);
});

test("a printed text fits itself and nothing else", () => {
  const line = fc.string().filter((text) => !text.includes("…"));
  fc.assert(
    fc.property(line, line, (page, printed) => {
      assert.equal(isAsPrinted(page, page), true);
      assert.equal(isAsPrinted(page, printed), page.trim() === printed.trim());
    }),
  );
});

test("… is any text of one line, and alone on its line any lines", () => {
  assert.ok(isAsPrinted("id: …\nend", "id: 17\nend\n"));
  assert.ok(!isAsPrinted("id: …\nend", "id: 17\n18\nend"));
  assert.ok(isAsPrinted("first\n…\nlast", "first\n1\n2\nlast"));
  assert.ok(!isAsPrinted("first\n…\nlast", "first\n1\n2"));
});
