#!/usr/bin/env -S node --max-semi-space-size=16
// The flag keeps the nursery of the heap from growing to what only costs memory: 100 MB less, at the same speed.
// In a clone the TypeScript sources run as they are; an installed package has only what they were compiled to.
// An old Node cannot even read TypeScript, so this file tells it what main.ts would.
import { existsSync } from "node:fs";
import module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  console.error(
    `switchyard needs Node 22.19 or newer, this is ${process.versions.node}. In a clone, "npm ci" brings the right one and "npm start" uses it; elsewhere install Node 24.`,
  );
  process.exit(3);
}
// By its module, not by name: an old Node does not have it and must come as far as the sentence above.
module.enableCompileCache();
const source = new URL("../src/main.ts", import.meta.url);
await import(existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href);
