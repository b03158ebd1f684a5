import { refuseOldNode } from "./node-version.ts";

// Before anything else is loaded: on an old Node the rest would fail with a riddle.
refuseOldNode(process.versions.node);
// Whoever reads us may have seen enough: `switchyard tail | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 3));
const { cli } = await import("./cli/main.ts");
process.exitCode = await cli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
});
