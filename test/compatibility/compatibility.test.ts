import assert from "node:assert/strict";
import test from "node:test";
import { parsePage, renderPage } from "./page.ts";
import type { Cell } from "./cell.ts";
import { makePage } from "./whole.ts";

test("every client gets of every provider what it asks for, or a clear refusal, as docs/reference/compatibility.md says", async () => {
  const { wrong, changed, text, before } = await makePage();
  assert.deepEqual(wrong, []);
  assert.deepEqual(changed, [], "the page is stale: npm run compatibility writes it");
  assert.equal(text, before, "the page is stale: npm run compatibility writes it");
});

test("a page is read back as it was written", () => {
  const cells: Cell[] = [
    { client: "one", provider: "p", feature: "f", result: { kind: "works" } },
    { client: "one", provider: "p", feature: "g", result: { kind: "works", note: "but slowly" } },
    { client: "one", provider: "q", feature: "f", result: { kind: "n/a", reason: "has none" } },
    {
      client: "one",
      provider: "q",
      feature: "g",
      result: {
        kind: "refused",
        status: 400,
        code: "unsupported_parameter",
        reason: "`top_k`: has no place",
      },
    },
  ];
  const feature = (name: string) => ({ name, title: name, ask: () => ({ messages: [] }) });
  const page = {
    clients: ["one"],
    columns: ["p", "q"].map((name) => ({ name, title: name })),
    features: [feature("f"), feature("g")],
    cells,
    versions: [],
  };
  const read = parsePage(renderPage(page));
  const sorted = (list: readonly Cell[]): string[] => list.map((cell) => JSON.stringify(cell)).sort();
  assert.deepEqual(sorted(read), sorted(cells));
  assert.equal(renderPage({ ...page, cells: read }), renderPage(page));
});
