import type { Ledger } from "../budget/ledger/ledger.ts";
import type { Config } from "../config/schema.ts";
import { AppError } from "../core/errors.ts";
import type { Handlers } from "./handlers.ts";

/** A configuration in force. */
export interface ConfigInForce {
  readonly hash: string;
  readonly loadedAtMs: number;
  readonly config: Config;
}

/** How long a question waits for what is still on its way into the database: the newest configuration, say. */
const SETTLE_MS = 2_000;

/** What is configured, and what was. */
export function configurationHandlers(
  current: () => ConfigInForce,
  ledger: Ledger,
): Pick<Handlers, "getConfig" | "listTargets" | "listConfigVersions" | "getConfigVersion"> {
  return {
    getConfig() {
      const { hash, loadedAtMs, config } = current();
      return {
        hash,
        loadedAt: new Date(loadedAtMs).toISOString(),
        tenants: Object.keys(config.tenants),
        tasks: Object.keys(config.tasks),
        targets: Object.keys(config.targets),
        providers: Object.keys(config.providers),
      };
    },

    listTargets() {
      const { targets, providers } = current().config;
      return {
        rows: Object.entries(targets).map(([id, target]) => ({
          id,
          provider: target.provider ?? "",
          kind: providers[target.provider ?? ""]?.kind ?? "",
          model: target.model,
          tier: target.tier,
          dataClasses: target.dataClasses,
          maxOutputTokens: target.maxOutputTokens ?? null,
        })),
        next: null,
      };
    },

    async listConfigVersions() {
      await ledger.shipper.settle(SETTLE_MS);
      return { rows: (await ledger.configs.list()).map(versionView), next: null };
    },

    async getConfigVersion({ params }) {
      await ledger.shipper.settle(SETTLE_MS);
      const version = await ledger.configs.find(params.hash);
      if (version === undefined)
        throw new AppError(
          "not_found",
          "no configuration, or more than one, was in force whose hash begins so",
        );
      return { ...versionView(version), text: version.text };
    },
  };
}

function versionView(version: {
  readonly hash: string;
  readonly firstLoadedAt: Date;
  readonly lastLoadedAt: Date;
}) {
  return {
    hash: version.hash,
    firstLoadedAt: version.firstLoadedAt.toISOString(),
    lastLoadedAt: version.lastLoadedAt.toISOString(),
  };
}
