import { Ledger } from "../budget/ledger/ledger.ts";
import type { LoadedConfig } from "../config/load.ts";
import { resolveSecret, systemSecrets } from "../config/secrets.ts";
import { configurationHandlers } from "../control/configuration.ts";
import type { EndpointId, Endpoints } from "../control/contract.ts";
import type { EndpointAnswer } from "../control/endpoint.ts";
import { exchangeHandlers } from "../control/exchanges.ts";
import { answer, type Handlers, type RawInput } from "../control/handlers.ts";
import { keyHandlers } from "../control/keys.ts";
import { KeysService } from "../control/keys-service.ts";
import { usageHandlers } from "../control/usage.ts";
import { systemClock } from "../core/clock.ts";
import { KeyStore, loadPepper } from "../policy/key-store.ts";
import { guardData } from "../storage/data-guard.ts";
import { openDatabase } from "../storage/open.ts";
import { createLog } from "../telemetry/log.ts";

/** The control API without a server. */
export interface Store {
  answer<Id extends EndpointId>(id: Id, input: RawInput): Promise<EndpointAnswer<Endpoints[Id]>>;
  close(): Promise<void>;
}

/** How long to wait for what an earlier run left in the journal. */
const BOOKING_MS = 60_000;

/** Opens a data folder that no server holds, and books what its journal still holds, so that every figure is whole. */
export async function openStore(data: string, loaded: LoadedConfig): Promise<Store> {
  const { config, hash } = loaded;
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.toReversed()) await one();
  };
  const guard = await guardData(data);
  opened.push(() => guard.release());
  try {
    const database = await openDatabase({
      database: resolveSecret(config.storage.database, systemSecrets),
      data,
      onError: () => {},
    });
    opened.push(() => database.close());
    const ledger = await Ledger.open({
      data,
      database,
      fsync: config.storage.journal.fsync,
      limitBytes: config.storage.journal.limit,
      retention: config.storage.retention,
      clock: systemClock,
      log: createLog("text", (line) => process.stderr.write(line)),
      onKilled: () => {},
    });
    opened.push(() => ledger.close(BOOKING_MS));
    await ledger.shipper.settle(BOOKING_MS);
    const keys = new KeysService({
      store: new KeyStore(database, await loadPepper(database)),
      ring: undefined,
      hasTenant: (tenant) => Object.hasOwn(config.tenants, tenant),
      clock: systemClock,
    });
    const handlers: Handlers = {
      ...keyHandlers(keys),
      ...exchangeHandlers(ledger, systemClock),
      ...usageHandlers(ledger, systemClock),
      ...configurationHandlers(() => ({ hash, config, loadedAtMs: systemClock.now() }), ledger),
    };
    return {
      answer: (id, input) => answer(handlers, id, input),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
