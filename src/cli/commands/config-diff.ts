import { EXIT, dataOption, jsonOption, type Command } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";

/** Longer differences are not worth reading line by line, and take seconds to find. */
const PATIENCE_MS = 2_000;

export const configDiff: Command = {
  name: "config diff",
  summary: "Show what changed between two configurations that were in force.",
  details: "Exit code 1 where they differ.",
  positionals: [
    { name: "from", required: true, describe: "A hash, or its first characters." },
    { name: "to", required: false, describe: "Another one; the configuration in force where absent." },
  ],
  options: { config: configOption, data: dataOption, json: jsonOption },

  async run(input, io) {
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: false,
    });
    try {
      const [from = "", to] = input.positionals;
      const old = await control.call("getConfigVersion", { params: { hash: from } });
      const hash = to ?? (await control.call("getConfig")).hash;
      const current = await control.call("getConfigVersion", { params: { hash } });
      if (old.hash === current.hash) {
        if (input.flag("json")) io.out(JSON.stringify({ from: old.hash, to: current.hash, diff: "" }));
        else io.err("they are the same");
        return EXIT.done;
      }
      const { createTwoFilesPatch, FILE_HEADERS_ONLY } = await import("diff");
      const names = [old, current].map((version) => version.hash.slice(0, 12)) as [string, string];
      const diff = createTwoFilesPatch(
        ...names,
        old.text,
        current.text,
        old.firstLoadedAt,
        current.firstLoadedAt,
        {
          context: 3,
          headerOptions: FILE_HEADERS_ONLY,
          timeout: PATIENCE_MS,
        },
      );
      if (input.flag("json"))
        io.out(JSON.stringify({ from: old.hash, to: current.hash, diff: diff ?? null }));
      else if (diff === undefined) io.err("they have too little in common to be compared line by line");
      else io.out(diff.trimEnd());
      return EXIT.no;
    } finally {
      await control.close();
    }
  },
};
