import { mkdir, readFile, writeFile } from "node:fs/promises";
import { openApi } from "../src/control/openapi.ts";
import { commandsReference } from "./reference/commands.ts";
import { configurationReference, configurationSchema } from "./reference/configuration.ts";
import { errorsReference } from "./reference/errors.ts";
import { routesReference } from "./reference/routes.ts";
import { translationReference } from "./reference/translation.ts";

/** Everything under docs/reference, by file name. A test compares it with what is there. */
export function references(): Map<string, string> {
  return new Map([
    ["errors.md", errorsReference()],
    ["cli.md", commandsReference()],
    ["configuration.md", configurationReference()],
    ["switchyard.schema.json", `${JSON.stringify(configurationSchema(), null, 2)}\n`],
    ["routes.md", routesReference()],
    ["translation.md", translationReference()],
    ["openapi.json", `${JSON.stringify(openApi("0"), null, 2)}\n`],
  ]);
}

if (import.meta.main) {
  const folder = new URL("../docs/reference/", import.meta.url);
  await mkdir(folder, { recursive: true });
  for (const [name, text] of references()) {
    const file = new URL(name, folder);
    const present = await readFile(file, "utf8").catch(() => "");
    if (present === text) continue;
    await writeFile(file, text);
    console.log(`wrote docs/reference/${name}`);
  }
}
