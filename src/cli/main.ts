import { parseArgs } from "node:util";
import { suggestion } from "../config/fault.ts";
import { CannotError, EXIT, UsageError, type Command, type Input, type Io } from "./command.ts";
import { commandHelp, overview, usageLine } from "./help.ts";
import { COMMANDS } from "./table-of-commands.ts";
import { version } from "./version.ts";

/**
 * Runs a command line.
 *
 * @param argv  without the program's own two
 * @returns the exit code
 */
export async function cli(
  argv: readonly string[],
  io: Io,
  commands: readonly Command[] = COMMANDS,
): Promise<number> {
  const [first, second] = argv;
  if (first === undefined || first === "help" || first === "--help" || first === "-h") {
    const asked = first === "help" ? find(argv.slice(1), commands) : undefined;
    io.out(asked === undefined ? overview(commands, version()) : commandHelp(asked.command));
    return EXIT.done;
  }
  if (first === "--version" || first === "-v" || first === "version") {
    io.out(version());
    return EXIT.done;
  }
  const found = find(argv, commands);
  if (found === undefined) {
    const known = commands.map((command) => command.name);
    const group = known.filter((name) => name.startsWith(`${first} `));
    const hint = group.length > 0 ? `; there are: ${group.join(", ")}` : suggestion(first, known);
    io.err(
      `switchyard: there is no command "${group.length > 0 ? `${first} ${second ?? ""}`.trim() : first}"${hint}`,
    );
    return EXIT.usage;
  }
  return runCommand(found.command, found.rest, io);
}

async function runCommand(command: Command, rest: readonly string[], io: Io): Promise<number> {
  if (rest.includes("--help") || rest.includes("-h")) {
    io.out(commandHelp(command));
    return EXIT.done;
  }
  try {
    return await command.run(parse(command, rest), io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(
        `switchyard ${command.name}: ${error.message}\nUsage: ${usageLine(command)}   (--help tells more)`,
      );
      return EXIT.usage;
    }
    io.err(`switchyard ${command.name}: ${(error as Error).message}`);
    if (!(error instanceof CannotError) && process.env["SWITCHYARD_DEBUG"] !== undefined)
      io.err((error as Error).stack ?? "");
    return EXIT.cannot;
  }
}

function find(
  argv: readonly string[],
  commands: readonly Command[],
): { command: Command; rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = argv.slice(0, length).join(" ");
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, rest: argv.slice(length) };
  }
  return undefined;
}

function parse(command: Command, args: readonly string[]): Input {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { type, multiple }]) => [
      name,
      { type, multiple: multiple === true },
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(usageMessage(error as Error, command));
  }
  const wanted = command.positionals ?? [];
  const missing = wanted.find(({ required }, index) => required && parsed.positionals[index] === undefined);
  if (missing !== undefined) throw new UsageError(`<${missing.name}> is missing: ${missing.describe}`);
  if (parsed.positionals.length > wanted.length)
    throw new UsageError(`unexpected "${parsed.positionals[wanted.length] ?? ""}"`);
  const values = parsed.values as Record<string, string | boolean | (string | boolean)[] | undefined>;
  const text = (name: string): string | undefined => {
    const value = values[name] ?? command.options[name]?.default;
    return typeof value === "string" ? value : undefined;
  };
  return {
    positionals: parsed.positionals,
    text,
    texts: (name) => (Array.isArray(values[name]) ? values[name].map(String) : []),
    flag: (name) => values[name] === true,
  };
}

function usageMessage(error: Error, command: Command): string {
  const unknown = /^Unknown option '--?([^']+)'/.exec(error.message)?.[1];
  if (unknown === undefined) return error.message.split(". ")[0] ?? error.message;
  return `there is no option --${unknown}${suggestion(unknown, Object.keys(command.options))}`;
}
