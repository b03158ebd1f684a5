import { EXIT, dataOption, jsonOption, type Command } from "../command.ts";
import { openKeys } from "../keys-access.ts";
import { configOption } from "./keys-create.ts";

export const keysRevoke: Command = {
  name: "keys revoke",
  summary: "Revoke a key; within a second it is refused everywhere.",
  positionals: [
    { name: "key", required: true, describe: "Its id, or its first characters as `keys list` shows them." },
  ],
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const keys = await openKeys(input.text("data") ?? "", input.text("config"));
    try {
      const which = (input.positionals[0] ?? "").replace(/…$/, "");
      const revoked = await keys.revoke(which);
      if (input.flag("json")) io.out(JSON.stringify(revoked));
      else io.out(`revoked ${revoked.prefix}… of the tenant "${revoked.tenant}"`);
      return EXIT.done;
    } finally {
      await keys.close();
    }
  },
};
