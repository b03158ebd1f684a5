import { readFile } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../support/process.ts";

/** Packages of npm that are clients, or parts of them. */
const OF_NPM = /^(openai|ai|@anthropic-ai\/|@aws-sdk\/client-bedrock-runtime|@ai-sdk\/|@langchain\/)/;

/** `name version` of every client that the tests pin, npm's first. */
export async function versionsOf(): Promise<string[]> {
  const { devDependencies } = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8")) as {
    devDependencies: Readonly<Record<string, string>>;
  };
  const npm = Object.entries(devDependencies).filter(([name]) => OF_NPM.test(name));
  const pins = (await readFile(path.join(ROOT, "test/docs/requirements.txt"), "utf8")).split("\n");
  const python = pins.flatMap((line) => {
    const [, name, version] = /^([\w.-]+)(?:\[.*\])?==(\S+)/.exec(line) ?? [];
    return name === undefined || version === undefined ? [] : [`${name} ${version} (PyPI)`];
  });
  return [...npm.map(([name, version]) => `${name} ${version}`), ...python];
}
