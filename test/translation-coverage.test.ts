import assert from "node:assert/strict";
import { glob, readFile } from "node:fs/promises";
import test from "node:test";
import { SAMPLES } from "../scripts/translation/samples/index.ts";
import { upstreamsFor } from "../scripts/translation/upstreams.ts";
import { verdictOf } from "../scripts/translation/verdicts.ts";
import { DIALECTS, type Dialect } from "../src/core/wire.ts";

/** Where each API's own SDK says which parameters there are. */
const DECLARED: Readonly<Record<Dialect, readonly [files: string, interfaceName: string]>> = {
  openai: [
    "node_modules/openai/resources/chat/completions/completions.d.ts",
    "ChatCompletionCreateParamsBase",
  ],
  responses: ["node_modules/openai/resources/responses/responses.d.ts", "ResponseCreateParamsBase"],
  anthropic: ["node_modules/@anthropic-ai/sdk/resources/messages/messages.d.ts", "MessageCreateParamsBase"],
  bedrock: ["node_modules/@aws-sdk/client-bedrock-runtime/dist-types/models/*.d.ts", "ConverseRequest"],
};

for (const dialect of DIALECTS) {
  test(`the table of translations has every parameter that ${dialect}'s own SDK declares`, async () => {
    const declared = await parametersOf(...DECLARED[dialect]);
    assert.ok(declared.length > 8, declared.join());
    const { samples, handled, least } = SAMPLES[dialect];
    const told = new Set([...samples, ...handled].flatMap(({ field }) => field.match(/[A-Za-z_]+/g) ?? []));
    assert.deepEqual(
      declared.filter((name) => !told.has(name) && !(name in least)),
      [],
    );
  });

  test(`the least request of ${dialect} can be read, and asks every upstream for nothing that it lacks`, () => {
    const { least } = SAMPLES[dialect];
    for (const upstream of upstreamsFor(dialect)) {
      const verdict = verdictOf(dialect, { field: "nothing", request: least }, upstream);
      assert.equal(verdict, upstream.passes === dialect ? "passed" : "none", upstream.title);
    }
  });
}

/** Names of an interface's members. */
async function parametersOf(files: string, interfaceName: string): Promise<string[]> {
  for await (const file of glob(files)) {
    const text = await readFile(file, "utf8");
    const body = new RegExp(`export interface ${interfaceName} [^]*?^}`, "m").exec(text)?.[0];
    if (body === undefined) continue;
    return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name = ""]) => name);
  }
  throw new Error(`${interfaceName} is not in ${files}`);
}
