import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { DEMO_CONFIG } from "./demo.ts";
import { parseConfig } from "./parse.ts";
import type { SecretSource } from "./secrets.ts";

const SECRETS: SecretSource = {
  env: { SET: "x" },
  readFile: () => {
    throw Object.assign(new Error("no such file"), { code: "ENOENT" });
  },
};

function faultsOf(text: string): readonly string[] | undefined {
  const result = parseConfig(text, "s.yaml", SECRETS);
  return result.ok ? undefined : result.faults;
}

const PIECES = [
  ...[
    "mode",
    "server",
    "providers",
    "targets",
    "tasks",
    "policy",
    "tenants",
    "price",
    "a",
    "b",
    "kind",
    "simulator",
  ],
  ...[
    "&x ",
    "*x",
    "- ",
    "? ",
    ": ",
    ":\n  ",
    "\n",
    "\n  ",
    "\n    ",
    "{",
    "}",
    "[",
    "]",
    ", ",
    "'",
    '"',
    "|\n",
    ">",
  ],
  ...[
    "!!str ",
    "!!map ",
    "!!set ",
    "!!binary ",
    "!t ",
    "%YAML 1.1\n---\n",
    "---\n",
    "<<: ",
    "# c",
    "\t",
    "~",
    "null",
  ],
  ...[
    "1",
    "1e9",
    ".inf",
    "2026-01-01",
    "env:X",
    "env:SET",
    "file:Y",
    "__proto__",
    "constructor",
    "é",
    "😀",
    "\0",
  ],
];
const pieces = fc.array(fc.constantFrom(...PIECES), { maxLength: 16 }).map((parts) => parts.join(""));
const change = fc.record({
  at: fc.nat(),
  remove: fc.nat(24),
  insert: fc.oneof(fc.constantFrom(...PIECES), fc.string()),
});
const changed = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) =>
  changes.reduce((text, { at, remove, insert }) => {
    const place = at % (text.length + 1);
    return text.slice(0, place) + insert + text.slice(place + remove);
  }, DEMO_CONFIG),
);
const anyText = fc.oneof(pieces, changed, fc.string(), fc.string({ unit: "binary" }));

// Keys that are collections make the YAML library warn on the process; that is a rule of its own below.
const isQuiet = (text: string): boolean => !/\?|^\s*[[{].*[\]}]\s*:|:\s*[{[].*:\s*[{[]/s.test(text);

test("no text makes the check throw, and what is refused has at least one fault", () => {
  fc.assert(
    fc.property(anyText.filter(isQuiet), (text) => assert.notEqual(faultsOf(text)?.length, 0)),
    { numRuns: 400, examples: [["targets: &x\n  a: *x\n"]] },
  );
});

/** A name that a fault of another place offers instead of a wrong one. */
const ODD_NAME = 'targets: { "a\\nb": {} }\ntasks: { t: { targets: [c] } }\n';

test("every fault is one line: file, line, column, path, and what is wrong", () => {
  const withoutLoops = anyText.filter((text) => isQuiet(text) && !text.includes("*"));
  fc.assert(
    fc.property(withoutLoops, (text) => {
      for (const fault of faultsOf(text) ?? []) assert.match(fault, /^s\.yaml:\d+:\d+: [^\n\r]+: [^\n\r]+$/);
    }),
    {
      numRuns: 400,
      examples: [['"a\\nb": 1'], ['"": 1\nmod: enforce'], ["mode: |\n  env:A\n  B\n"], [ODD_NAME]],
    },
  );
});

test("a fault points into the text", () => {
  const withoutLoops = anyText.filter((text) => isQuiet(text) && !text.includes("*"));
  fc.assert(
    fc.property(withoutLoops, (text) => {
      const lines = text.split("\n");
      for (const fault of faultsOf(text) ?? []) {
        const [, line, column] = /^s\.yaml:(\d+):(\d+): /.exec(fault) ?? [];
        assert.ok(Number(line) >= 1 && Number(line) <= lines.length, fault);
        assert.ok(Number(column) >= 1 && Number(column) <= (lines[Number(line) - 1]?.length ?? 0) + 1, fault);
      }
    }),
    { numRuns: 300 },
  );
});

test("a literal secret is told nowhere, wherever it was pasted", () => {
  const literal = "sk-live-Zx81kQ";
  const provider = (rest: string): string => `providers:\n  p: { kind: openai-compatible, ${rest} }\n`;
  const places = [
    provider(`baseUrl: http://h, apiKey: ${literal}`),
    provider(`baseUrl: http://h, apiKey: [${literal}]`),
    provider(`baseUrl: http://h, apiKey: { value: ${literal} }`),
    provider(`baseUrl: http://h, apiKey: env:${literal}`),
    provider(`baseUrl: "http://h", apiKey: " env:${literal}"`),
    provider(`baseUrl: ${literal}`),
    provider(`baseUrl: http://user:${literal}@h`),
    provider(`baseUrl: "http://user:${literal} @h"`),
    provider(`baseUrl: http://h, apikey: ${literal}`),
    `storage: { database: mysql://u:${literal}@h/db }\n`,
    `storage: { database: ${literal} }\n`,
    `providers: { p: { kind: anthropic, apiKey: ${literal} } }\n`,
    `pools: ${literal}\n`,
    `notify: { n: { kind: webhook, url: "http://h", secret: ${literal} } }\n`,
  ];
  for (const text of places) {
    const faults = faultsOf(text);
    assert.ok(faults !== undefined, text);
    assert.equal(
      faults.some((fault) => fault.includes(literal)),
      false,
      faults.join("\n"),
    );
  }
});

test("a literal secret is told nowhere when the file is no YAML either", () => {
  const literal = "sk-live-Zx81kQ";
  const texts = [`*${literal}`, `|${literal}`, `>${literal}`, `@${literal}`, `"${literal}`].map(
    (value) => `providers:\n  p:\n    apiKey: ${value}\n`,
  );
  for (const text of [...texts, `tasks: { a: {\n}\nproviders: { p: { apiKey: ${literal} } }\n`]) {
    const faults = faultsOf(text) ?? [];
    assert.equal(
      faults.some((fault) => fault.includes(literal)),
      false,
      faults.join("\n"),
    );
  }
});

test("the check tells what it finds by its result alone, not by a warning of the process", async () => {
  const warnings: string[] = [];
  const listen = (warning: Error): void => void warnings.push(warning.message);
  process.on("warning", listen);
  faultsOf("? { apiKey: pasted }\n: 1\n");
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", listen);
  assert.deepEqual(warnings, []);
});
