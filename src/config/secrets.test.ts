import assert from "node:assert/strict";
import test from "node:test";
import { deadSecretFaults, resolveSecret, systemSecrets, type SecretSource } from "./secrets.ts";

const FILES: Readonly<Record<string, string>> = { "/run/key": " from-file\n", "/run/blank": " \n\t" };
const source: SecretSource = {
  env: { KEY: "  from-env \n", BLANK: " \t\n", EMPTY: "" },
  readFile: (path) => {
    const text = FILES[path];
    if (text === undefined) throw Object.assign(new Error(`secret words of ${path}`), { code: "ENOENT" });
    return text;
  },
};

test("env: and file: are read, without the blanks around them", () => {
  assert.equal(resolveSecret("env:KEY", source), "from-env");
  assert.equal(resolveSecret("file:/run/key", source), "from-file");
});

test("any other text is itself, to the character", () => {
  for (const text of ["embedded", "postgres://u:p@h/db", " x ", "ENV:KEY", ""]) {
    assert.equal(resolveSecret(text, source), text);
  }
});

const DEAD: readonly (readonly [string, string])[] = [
  ["env:NONE", "the environment variable NONE is not set; set it"],
  ["env:EMPTY", "the environment variable EMPTY is not set; set it"],
  ["env:BLANK", "the environment variable BLANK is not set; set it"],
  ["file:/run/none", "the file /run/none cannot be read (ENOENT)"],
  ["file:/run/blank", "the file /run/blank is empty; put the secret there"],
];

for (const [reference, message] of DEAD) {
  test(`${reference} is dead: ${message}`, () => {
    assert.throws(() => resolveSecret(reference, source), { message });
  });
}

test("a variable that is only a name of JavaScript's own is not set", () => {
  for (const name of ["constructor", "toString", "__proto__"]) {
    for (const from of [source, systemSecrets]) {
      assert.throws(() => resolveSecret(`env:${name}`, from), {
        message: `the environment variable ${name} is not set; set it`,
      });
    }
  }
});

test("every dead reference is found with its place, and a live one is not", () => {
  const raw = {
    storage: { database: "env:NONE" },
    providers: { a: { apiKey: "env:KEY" }, b: { apiKey: "file:/run/none" } },
    notify: { n: { secret: "env:EMPTY" } },
  };
  assert.deepEqual(
    deadSecretFaults(raw, source).map(({ path }) => path.join(".")),
    ["storage.database", "providers.b.apiKey", "notify.n.secret"],
  );
});

test("text that is no secret may begin with env: or file:", () => {
  const raw = {
    targets: { t: { model: "file:weights/llama", aliases: ["env:prod"] } },
    policy: [{ rule: "file: retention", because: "env: production only" }],
    tenants: { x: { tasks: ["env:*"] } },
  };
  assert.deepEqual(deadSecretFaults(raw, source), []);
});

test("the system's source reads the process's environment and files", () => {
  assert.equal(systemSecrets.env["PATH"], process.env["PATH"]);
  assert.match(systemSecrets.readFile(new URL(import.meta.url).pathname), /the system's source reads/);
});
