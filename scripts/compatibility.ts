import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { makePage, PAGE, type Made } from "../test/compatibility/whole.ts";
import { preparePythonWithLlama, startLlama } from "../test/engines/llama-server.ts";

/** Tries every client with every provider and writes docs/reference/compatibility.md; `--llama` asks a real engine, too. */

const { values } = parseArgs({ options: { llama: { type: "boolean", default: false } } });
const made = values.llama ? await withLlama() : await makePage({ onProgress });
for (const { client, provider, feature, result } of made.wrong)
  console.error(`${client} | ${provider} | ${feature}: ${"reason" in result ? result.reason : ""}\n`);
for (const change of made.changed) console.log(change);
if (made.wrong.length > 0) {
  console.error(`${made.wrong.length} cells are wrong; nothing was written`);
  process.exitCode = 1;
} else if (made.text !== made.before) {
  await writeFile(PAGE, made.text);
  console.log("wrote docs/reference/compatibility.md");
}

async function withLlama(): Promise<Made> {
  const prepared = await preparePythonWithLlama();
  if ("missing" in prepared) throw new Error(prepared.missing);
  await using llama = await startLlama(prepared.python);
  return await makePage({ llamaUrl: llama.url, onProgress });
}

function onProgress(line: string): void {
  console.error(line);
}
