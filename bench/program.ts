import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** What `npm run switchyard` runs, without the shell's `exec` and the Node in front of it: flags and the path of the program. */
export function program(): string[] {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { scripts } = JSON.parse(text) as { scripts: { switchyard: string } };
  const words = scripts.switchyard
    .replace(/^exec /, "")
    .split(" ")
    .slice(1);
  const file = fileURLToPath(new URL(`../${words.at(-1) ?? ""}`, import.meta.url));
  return [...words.slice(0, -1), file];
}
