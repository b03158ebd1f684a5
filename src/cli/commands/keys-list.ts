import type { KeyInfo } from "../../control/contract.ts";
import { EXIT, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";
import { table } from "../table.ts";

export const keysList: Command = {
  name: "keys list",
  summary: "List the keys, without the keys themselves.",
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const { rows } = await control.call("listKeys");
      if (input.flag("json")) io.out(JSON.stringify({ rows, next: null }));
      else if (rows.length === 0)
        io.err("there are no keys yet; make one with: switchyard keys create --tenant TENANT");
      else
        io.out(
          table(["KEY", "TENANT", "NAME", "TASKS", "CREATED", "STATE", "ACCESS KEY", "ID"], rows.map(cells)),
        );
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};

function cells(key: KeyInfo): string[] {
  return [
    `${key.prefix}…`,
    key.tenant,
    key.name ?? "-",
    key.tasks?.join(" ") ?? "all",
    key.createdAt.slice(0, 16),
    state(key),
    key.accessKeyId ?? "-",
    key.id,
  ];
}

function state(key: KeyInfo): string {
  if (key.revokedAt !== null) return `revoked ${key.revokedAt.slice(0, 16)}`;
  if (key.expiresAt === null) return "active";
  return `${Date.parse(key.expiresAt) <= Date.now() ? "expired" : "until"} ${key.expiresAt.slice(0, 16)}`;
}
