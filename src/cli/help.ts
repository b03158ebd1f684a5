import type { Command } from "./command.ts";

export function overview(commands: readonly Command[], version: string): string {
  const width = Math.max(...commands.map((command) => command.name.length));
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`);
  return `Switchyard ${version}: one gateway in front of every model you run or rent.

Usage: switchyard <command> [options]

${lines.join("\n")}

switchyard <command> --help tells more about one. Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 could not do it.`;
}

export function usageLine(command: Command): string {
  const positionals = (command.positionals ?? []).map(({ name, required }) =>
    required ? `<${name}>` : `[${name}]`,
  );
  return [
    "switchyard",
    command.name,
    ...positionals,
    Object.keys(command.options).length > 0 ? "[options]" : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}

export function commandHelp(command: Command): string {
  const rows = [
    ...(command.positionals ?? []).map(({ name, describe }) => [name, describe] as const),
    ...Object.entries(command.options).map(([name, option]) => {
      const left = `--${name}${option.type === "string" ? ` ${option.value ?? "VALUE"}` : ""}`;
      const preset = option.default === undefined ? "" : ` Default: ${option.default}.`;
      return [left, `${option.describe}${preset}`] as const;
    }),
  ];
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  const list = rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
  return [`Usage: ${usageLine(command)}`, command.summary, command.details, list]
    .filter((part) => part !== undefined && part !== "")
    .join("\n\n");
}
