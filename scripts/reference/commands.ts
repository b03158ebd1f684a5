import { usageLine } from "../../src/cli/help.ts";
import type { Command } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/table-of-commands.ts";

/** docs/reference/cli.md, from the table of commands. */
export function commandsReference(): string {
  return `# Commands

In a clone: \`npm run -s switchyard -- <command>\`; installed: \`switchyard <command>\`.

Exit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 could not do it. Data goes to stdout, all else to stderr.
Commands that need state talk to the server that runs on \`--data\` (or the one that \`SWITCHYARD_URL\` and
\`SWITCHYARD_TOKEN\` name), and open the store themselves when none runs.

${COMMANDS.map(section).join("\n")}`;
}

function section(command: Command): string {
  const rows = [
    ...(command.positionals ?? []).map(({ name, required, describe }) => [
      required ? `<${name}>` : `[${name}]`,
      describe,
      "",
    ]),
    ...Object.entries(command.options).map(([name, option]) => [
      `--${name}${option.type === "string" ? ` ${option.value ?? "VALUE"}` : ""}`,
      option.describe,
      option.default ?? "",
    ]),
  ];
  return `## ${command.name}

\`${usageLine(command)}\`

${command.summary}${command.details === undefined ? "" : ` ${command.details}`}

| | | default |
|---|---|---|
${rows.map(([left, right, preset]) => `| \`${left}\` | ${right} | ${preset === "" ? "" : `\`${preset}\``} |`).join("\n")}
`;
}
