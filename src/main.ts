import { refuseOldNode } from "./node-version.ts";

// Before anything else is loaded: on an old Node the rest would fail with a riddle.
refuseOldNode(process.versions.node);
const { cli } = await import("./cli/main.ts");
process.exitCode = await cli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
});
