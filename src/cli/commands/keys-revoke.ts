import { EXIT, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";

export const keysRevoke: Command = {
  name: "keys revoke",
  summary: "Revoke a key; within a second it is refused everywhere.",
  positionals: [
    { name: "key", required: true, describe: "Its id, or its first characters as `keys list` shows them." },
  ],
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const which = (input.positionals[0] ?? "").replace(/…$/, "");
      const revoked = await control.call("revokeKey", { params: { id: which } });
      if (input.flag("json")) io.out(JSON.stringify(revoked));
      else io.out(`revoked ${revoked.prefix}… of the tenant "${revoked.tenant}"`);
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};
