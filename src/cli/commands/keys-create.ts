import { EXIT, UsageError, dataOption, jsonOption, type Command, type Option } from "../command.ts";
import { configOption, openControl } from "../control-access.ts";

const wordOption: Pick<Option, "type" | "multiple" | "value"> = {
  type: "string",
  multiple: true,
  value: "WORD=VALUE",
};

export const keysCreate: Command = {
  name: "keys create",
  summary: "Issue a key for a tenant; it is shown once.",
  options: {
    tenant: { type: "string", value: "TENANT", describe: "The tenant that the key belongs to." },
    name: { type: "string", value: "TEXT", describe: "What lists call it." },
    default: {
      ...wordOption,
      describe: "A word for requests that name none, such as app=mail. May be repeated.",
    },
    pin: { ...wordOption, describe: "A word that requests cannot change. May be repeated." },
    task: {
      type: "string",
      multiple: true,
      value: "PATTERN",
      describe: "A task that it may use, such as support.*. May be repeated.",
    },
    "act-for": {
      type: "string",
      multiple: true,
      value: "TENANT",
      describe: "A tenant in whose name it may call. May be repeated.",
    },
    "metadata-words": { type: "boolean", describe: "Take bare words in the metadata, too." },
    aws: { type: "boolean", describe: "Issue an access-key pair with it, for AWS SDKs that sign (boto3)." },
    expires: { type: "string", value: "TIME", describe: "When it ends: RFC 3339, or from now such as 30d." },
    config: configOption,
    data: dataOption,
    json: jsonOption,
  },

  async run(input, io) {
    const tenant = input.text("tenant");
    if (tenant === undefined) throw new UsageError("--tenant is missing");
    const tasks = input.texts("task");
    const actFor = input.texts("act-for");
    const expires = input.text("expires");
    const name = input.text("name");
    const wish = {
      tenant,
      ...(name !== undefined && { name }),
      defaults: words(input.texts("default")),
      pinned: words(input.texts("pin")),
      ...(tasks.length > 0 && { tasks: [...tasks] }),
      ...(actFor.length > 0 && { actFor: [...actFor] }),
      ...(input.flag("metadata-words") && { metadataWords: true }),
      ...(input.flag("aws") && { aws: true }),
      ...(expires !== undefined && { expiresAt: await instant(expires) }),
    };
    const control = await openControl({
      data: input.text("data") ?? "",
      configFile: input.text("config"),
      mayCreate: true,
    });
    try {
      const created = await control.call("createKey", { body: wish });
      if (input.flag("json")) {
        io.out(JSON.stringify(created));
      } else {
        io.err(`key ${created.prefix}… for the tenant "${created.tenant}"; it is shown only here:`);
        io.out(created.key);
        if (created.secretAccessKey !== undefined) {
          io.err("and the access-key pair that AWS SDKs sign with:");
          io.out(`AWS_ACCESS_KEY_ID=${created.accessKeyId}`);
          io.out(`AWS_SECRET_ACCESS_KEY=${created.secretAccessKey}`);
        }
      }
      return EXIT.done;
    } finally {
      await control.close();
    }
  },
};

function words(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`"${pair}" is no WORD=VALUE`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

async function instant(text: string): Promise<string> {
  const { parseDuration } = await import("../../core/quantity.ts");
  const ms = parseDuration(text);
  const at = ms === undefined ? Date.parse(text) : Date.now() + ms;
  if (Number.isNaN(at))
    throw new UsageError(
      `--expires: "${text}" is neither a time such as 2027-01-31T00:00:00Z nor a span such as 30d`,
    );
  return new Date(at).toISOString();
}
