import { EXIT, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";

export const configShow: Command = {
  name: "config show",
  summary: "Print a configuration that is, or once was, in force.",
  details:
    "Every exchange names the hash of the configuration that decided it. The password of a database's address is left out.",
  positionals: [
    {
      name: "hash",
      required: false,
      describe: "Its hash, or the first characters (at least 6); the one in force where absent.",
    },
  ],
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const hash = input.positionals[0] ?? (await control.call("getConfig")).hash;
      const version = await control.call("getConfigVersion", { params: { hash } });
      if (input.flag("json")) io.out(JSON.stringify(version));
      else {
        io.err(
          `# ${version.hash}, in force from ${version.firstLoadedAt}, last loaded ${version.lastLoadedAt}`,
        );
        io.out(version.text.replace(/\n$/, ""));
      }
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};
