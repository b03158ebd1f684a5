import { CannotError, EXIT, jsonOption, type Command } from "../command.ts";

const DEFAULT_FILE = "switchyard.yaml";

export const check: Command = {
  name: "check",
  summary: "Check a configuration without starting anything.",
  details:
    "Names every fault at once, as file:line:column: path: what is wrong; what to write instead. Exit code 1 where there is one.",
  positionals: [
    { name: "file", required: false, describe: `The configuration; ${DEFAULT_FILE} where none is named.` },
  ],
  options: { json: jsonOption },

  async run(input, io) {
    // Loaded here: help must not pay for the schema library.
    const { ConfigRefused, loadConfig } = await import("../../config/load.ts");
    const file = input.positionals[0] ?? DEFAULT_FILE;
    try {
      const { config, hash } = loadConfig(file);
      const counts = {
        providers: Object.keys(config.providers).length,
        targets: Object.keys(config.targets).length,
        tasks: Object.keys(config.tasks).length,
        tenants: Object.keys(config.tenants).length,
      };
      const list = Object.entries(counts)
        .map(([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`)
        .join(", ");
      io.out(
        input.flag("json") ? JSON.stringify({ ok: true, file, hash, ...counts }) : `${file}: ok: ${list}`,
      );
      return EXIT.done;
    } catch (error) {
      if (error instanceof ConfigRefused) {
        if (input.flag("json")) io.out(JSON.stringify({ ok: false, file, faults: error.faults }));
        else
          io.err(
            `${error.faults.join("\n")}\n${error.faults.length} ${error.faults.length === 1 ? "fault" : "faults"}`,
          );
        return EXIT.no;
      }
      throw new CannotError(readFault(file, error as NodeJS.ErrnoException));
    }
  },
};

export function readFault(file: string, error: NodeJS.ErrnoException): string {
  return error.code === "ENOENT" ? `there is no file ${file}` : `${file} cannot be read: ${error.message}`;
}
