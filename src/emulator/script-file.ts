import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { readScript, ScriptRefused, type Script } from "./script.ts";

/** @throws ScriptRefused, naming the file and every fault in it */
export function loadScript(file: string): Script {
  let read: unknown;
  try {
    read = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new ScriptRefused(`the script ${file} cannot be read: ${(error as Error).message}`);
  }
  return readScript(read, `the script ${file}`);
}
