import { EXIT, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";
import { table } from "../table.ts";

export const configList: Command = {
  name: "config list",
  summary: "List every configuration that was ever in force.",
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const answer = await control.call("listConfigVersions");
      if (input.flag("json")) io.out(JSON.stringify(answer));
      else if (answer.rows.length === 0)
        io.err("no configuration was in force yet; switchyard up takes one into use");
      else {
        const rows = answer.rows.map((row) => [row.hash.slice(0, 12), row.firstLoadedAt, row.lastLoadedAt]);
        io.out(table(["HASH", "FIRST LOADED", "LAST LOADED"], rows));
      }
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};
