import { systemClock } from "./core/clock.ts";
import { loadConfig, type LoadedConfig } from "./config/load.ts";
import type { ProviderConfig } from "./config/schema.ts";
import { resolveSecret, systemSecrets } from "./config/secrets.ts";
import type { ListenAddress } from "./config/values.ts";
import { FileWatch } from "./config/watch.ts";
import type { AdminToken } from "./control/admin-token.ts";
import { exchangeRoutes } from "./control/exchanges.ts";
import { keyRoutes } from "./control/keys.ts";
import { KeysService } from "./control/keys-service.ts";
import { pageRoutes } from "./control/page.ts";
import { stateRoutes } from "./control/state.ts";
import { clientRoutes } from "./gateway/client-routes.ts";
import type { FrontDoorOptions } from "./gateway/front-door.ts";
import { Gateway } from "./gateway/gateway.ts";
import { createServer, type HttpServer } from "./gateway/server.ts";
import { createSnapshot, type Snapshot } from "./gateway/snapshot.ts";
import { loadTls } from "./gateway/tls.ts";
import { KeyRing } from "./policy/key-ring.ts";
import { KeyStore, loadPepper } from "./policy/key-store.ts";
import { ProviderSet } from "./providers/provider-set.ts";
import type { ProviderSettings } from "./providers/registry.ts";
import type { Database } from "./storage/database.ts";
import { openDatabase } from "./storage/open.ts";
import type { Log } from "./telemetry/log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { RecentExchanges } from "./telemetry/recent.ts";
import { packRecord } from "./telemetry/record-view.ts";

export interface AppOptions {
  /** The configuration's path; undefined for the demo. It is read again when it changes. */
  readonly configFile: string | undefined;
  readonly loaded: LoadedConfig;
  /** The data folder; its guard must be held. */
  readonly data: string;
  /** Wins over server.listen. */
  readonly listen: ListenAddress;
  readonly adminToken: AdminToken;
  readonly log: Log;
}

export interface App {
  /** Where clients reach it. */
  readonly url: string;
  /** Where the control API is, if it has a listener of its own. */
  readonly controlUrl: string | undefined;
  readonly keys: KeysService;
  /** Path of the authority's certificate, where TLS is self-signed. */
  readonly tlsAuthority: string | undefined;
  /** Everything that tells of it is there: from now on it says that it is ready. */
  announced(): void;
  /** Reads the configuration and its secrets again; a bad one changes nothing. */
  reload(): void;
  /** Takes no new exchanges, waits for those under way, closes everything. */
  stop(): Promise<void>;
  /** Something to clean up when it has stopped. */
  onStopped(step: () => Promise<void>): void;
}

/** How often nodes that share a database look for keys that another node issued or revoked. */
const KEY_POLL_MS = 500;
/** How far back they look each time: more than a poll, a slow commit and a pause together. */
const KEY_POLL_WINDOW_S = 30;

/** Builds everything from a configuration and serves. */
export async function startApp(options: AppOptions): Promise<App> {
  const { log, loaded } = options;
  const database = await openDatabase({
    database: resolveSecret(loaded.config.storage.database, systemSecrets),
    data: options.data,
    onError: (error) =>
      log.error({ err: error }, "the database connection broke; the next query opens another"),
  });
  try {
    return await startOn(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function startOn(database: Database, options: AppOptions): Promise<App> {
  const { log, loaded } = options;
  const pepper = await loadPepper(database);
  const store = new KeyStore(database, pepper);
  const ring = new KeyRing(pepper);
  ring.put(await store.list());
  const stopPolling = database.shared ? pollKeys(store, ring, log) : (): void => {};

  const metrics = new Metrics();
  const recent = new RecentExchanges();
  const providers = new ProviderSet();
  const onBug = (error: unknown, exchange: string): void =>
    log.error({ err: error, exchange }, "a fault in the gateway");
  const gateway = new Gateway({
    snapshot: prepareSnapshot(loaded, providers),
    keys: ring,
    clock: systemClock,
    onRecord: (record) => {
      metrics.observe(record);
      // Whoever has no key must not push out what the others did.
      if (record.keyId !== undefined) recent.add(record.id, packRecord(record));
    },
    onUnused: (unused) => {
      for (const provider of unused) provider.close().catch((error: unknown) => onBug(error, ""));
    },
    onBug,
  });
  know(metrics, gateway.snapshot);
  gateway.announce(false);
  const keys = new KeysService({
    store,
    ring,
    hasTenant: (tenant) => gateway.snapshot.tenants.has(tenant),
    clock: systemClock,
  });

  const { server } = loaded.config;
  const tls = await loadTls(server.tls, options.data, [options.listen.host]);
  const scheme = tls === undefined ? "http" : "https";
  const url = { base: "" };
  const controlRoutes = [
    ...pageRoutes(gateway, () => url.base),
    ...keyRoutes(keys),
    ...exchangeRoutes(recent),
    ...stateRoutes(gateway, metrics, server.control !== undefined),
  ];
  const frontDoor: FrontDoorOptions = {
    headersTimeout: server.timeouts.headers,
    requestTimeout: server.timeouts.request,
    keepAliveTimeout: server.timeouts.keepAlive,
    tls,
  };
  const parts = { gateway, frontDoor, isAdmin: options.adminToken.matches, onBug };
  const routes = clientRoutes(gateway);
  const main = createServer({
    ...parts,
    routes: server.control === undefined ? [...routes, ...controlRoutes] : routes,
    controlEverywhere: false,
  });
  const servers = [main];
  const listening = async (one: HttpServer, address: ListenAddress): Promise<string> => {
    try {
      return await listen(one, address, scheme);
    } catch (error) {
      // Half a server must not stay behind.
      stopPolling();
      await closeServers(servers);
      throw error;
    }
  };
  url.base = await listening(main, options.listen);
  let controlUrl: string | undefined;
  if (server.control !== undefined) {
    const control = createServer({ ...parts, routes: controlRoutes, controlEverywhere: true });
    servers.push(control);
    controlUrl = await listening(control, server.control.listen);
    log.info({ url: controlUrl }, "control API");
  }

  const reload = (force: boolean): void => reloadConfig(options, gateway, providers, metrics, force);
  const watch =
    options.configFile === undefined ? undefined : new FileWatch(options.configFile, () => reload(false));
  const afterStop: (() => Promise<void>)[] = [];
  return {
    url: url.base,
    controlUrl,
    keys,
    onStopped: (step) => void afterStop.push(step),
    tlsAuthority: tls?.authority,
    announced: () => gateway.announce(true),
    reload: () => reload(true),
    async stop() {
      watch?.close();
      stopPolling();
      const drained = gateway.drain(gateway.snapshot.config.server.timeouts.drain);
      for (const { frontDoor: door } of servers) door.closeIdle();
      await drained;
      await closeServers(servers);
      await Promise.all([...gateway.snapshot.providers.values()].map((provider) => provider.close()));
      await database.close();
      await Promise.all(afterStop.map((step) => step()));
    },
  };
}

/** Validate the whole, prepare, swap, clean up: a configuration with a fault never gets as far as the swap. */
function reloadConfig(
  options: AppOptions,
  gateway: Gateway,
  providers: ProviderSet,
  metrics: Metrics,
  force: boolean,
): void {
  const { log } = options;
  try {
    const loaded = loadConfig(options.configFile);
    // Forced, the same text is taken again: a secret behind `file:` may be another one.
    if (loaded.hash === gateway.snapshot.hash && !force) return;
    for (const part of needsRestart(gateway.snapshot, loaded))
      log.warn({ part }, "changed, and takes effect after a restart");
    gateway.swap(prepareSnapshot(loaded, providers));
    know(metrics, gateway.snapshot);
    log.info({ config: loaded.hash.slice(0, 12) }, "configuration reloaded");
  } catch (error) {
    log.error(
      { faults: (error as Error).message.split("\n") },
      "the changed configuration is refused; the old one stays in force",
    );
  }
}

function prepareSnapshot(loaded: LoadedConfig, providers: ProviderSet): Snapshot {
  const settings = new Map(
    Object.entries(loaded.config.providers).map(([id, config]) => [id, settingsOf(config)] as const),
  );
  const prepared = providers.prepare(settings);
  const snapshot = createSnapshot(loaded.config, loaded.hash, systemClock.now(), prepared);
  providers.commit(settings, prepared);
  return snapshot;
}

function settingsOf(config: ProviderConfig): ProviderSettings {
  switch (config.kind) {
    case "simulator":
      return config;
    case "openai-compatible":
      return {
        ...config,
        apiKey: config.apiKey === undefined ? undefined : resolveSecret(config.apiKey, systemSecrets),
        vendor: config.vendor,
        apiVersion: config.apiVersion,
      };
    case "bedrock":
    case "anthropic":
    case "sagemaker":
    case "triton":
      throw new Error(`providers of kind ${config.kind} are not available yet`);
  }
}

function needsRestart(snapshot: Snapshot, loaded: LoadedConfig): string[] {
  const { server: old, storage } = snapshot.config;
  const { server, storage: newStorage } = loaded.config;
  const pairs: [string, unknown, unknown][] = [
    ["server.listen", old.listen, server.listen],
    ["server.control", old.control, server.control],
    ["server.tls", old.tls, server.tls],
    ["server.timeouts.headers, request or keepAlive", listenerTimeouts(old), listenerTimeouts(server)],
    ["storage", storage, newStorage],
  ];
  return pairs.filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b)).map(([part]) => part);
}

function listenerTimeouts(server: LoadedConfig["config"]["server"]): unknown {
  const { headers, request, keepAlive } = server.timeouts;
  return [headers, request, keepAlive];
}

function know(metrics: Metrics, snapshot: Snapshot): void {
  const { tenants, tasks, targets } = snapshot.config;
  metrics.know({
    tenants: new Set(Object.keys(tenants)),
    tasks: new Set(Object.keys(tasks)),
    targets: new Set(Object.keys(targets)),
  });
}

function pollKeys(store: KeyStore, ring: KeyRing, log: Log): () => void {
  let stopped = false;
  let isAway = false;
  let lastAt = Date.now();
  const poll = async (): Promise<void> => {
    try {
      // After a pause longer than the window (a frozen machine, a database that was away) only the whole list tells.
      const isBehind = Date.now() - lastAt > (KEY_POLL_WINDOW_S * 1_000) / 2;
      ring.put(await (isBehind ? store.list() : store.changedWithin(KEY_POLL_WINDOW_S)));
      lastAt = Date.now();
      isAway = false;
    } catch (error) {
      if (!isAway) log.warn({ err: error as Error }, "the database does not answer; keys stay as last known");
      isAway = true;
    }
    if (!stopped) timer = setTimeout(() => void poll(), KEY_POLL_MS);
  };
  let timer = setTimeout(() => void poll(), KEY_POLL_MS);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function listen(server: HttpServer, address: ListenAddress, scheme: string): Promise<string> {
  await server.app.listen({ host: address.host, port: address.port });
  const bound = server.frontDoor.server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server has no port");
  const host = address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "[::1]" : address.host;
  return `${scheme}://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${bound.port}`;
}

async function closeServers(servers: readonly HttpServer[]): Promise<void> {
  await Promise.all(servers.map(({ frontDoor }) => frontDoor.close()));
  await Promise.all(servers.map(({ app }) => app.close()));
}
