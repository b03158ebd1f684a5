import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { dataWords } from "./data-words.ts";

test("a command that is shown names the data folder only where it is not the usual one", () => {
  assert.equal(dataWords(".switchyard"), "");
  assert.equal(dataWords("/var/lib/switchyard"), " --data /var/lib/switchyard");
});

test("a shell reads the folder as it is called", () => {
  for (const folder of ["/a b/c", "it's", "$HOME/x", "~/x", "a;b", "ä*"]) {
    const { stdout } = spawnSync("sh", ["-c", `printf '<%s>'${dataWords(folder)}`], { encoding: "utf8" });
    assert.equal(stdout, `<--data><${folder}>`);
  }
});
