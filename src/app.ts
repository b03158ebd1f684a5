import { Ledger } from "./budget/ledger/ledger.ts";
import { TokenCounter } from "./catalog/token-counter.ts";
import { systemClock } from "./core/clock.ts";
import { loadConfig, type LoadedConfig } from "./config/load.ts";
import { resolveSecret, systemSecrets } from "./config/secrets.ts";
import type { ListenAddress } from "./config/values.ts";
import { FileWatch } from "./config/watch.ts";
import type { AdminToken } from "./control/admin-token.ts";
import { apiRoutes } from "./control/api-routes.ts";
import { configurationHandlers } from "./control/configuration.ts";
import { exchangeHandlers } from "./control/exchanges.ts";
import { keyHandlers } from "./control/keys.ts";
import { KeysService } from "./control/keys-service.ts";
import { liveRoutes } from "./control/live.ts";
import { metricsRoute } from "./control/metrics-route.ts";
import { pageRoutes } from "./control/page.ts";
import { usageHandlers } from "./control/usage.ts";
import { clientRoutes } from "./gateway/client-routes.ts";
import type { FrontDoorOptions } from "./gateway/front-door.ts";
import { Gateway } from "./gateway/gateway.ts";
import { DatabaseResponses } from "./gateway/responses/response-store.ts";
import { sealKeyOf } from "./gateway/responses/seal-key.ts";
import { createServer, type HttpServer } from "./gateway/server.ts";
import { createSnapshot, type Snapshot } from "./gateway/snapshot.ts";
import { loadTls } from "./gateway/tls.ts";
import { pollKeys } from "./policy/key-poll.ts";
import { KeyRing } from "./policy/key-ring.ts";
import { KeyStore, loadPepper } from "./policy/key-store.ts";
import type { AttemptFailure } from "./providers/provider.ts";
import { ProviderSet } from "./providers/provider-set.ts";
import { providerSettings } from "./providers/settings.ts";
import type { Database } from "./storage/database.ts";
import { openDatabase } from "./storage/open.ts";
import type { Log } from "./telemetry/log.ts";
import { LiveFeed } from "./telemetry/live-feed.ts";
import { Metrics, type Counted, type MetricSources } from "./telemetry/metrics.ts";
import { COLUMNS } from "./telemetry/record-line.ts";
import { JournalRecorder } from "./telemetry/recorder.ts";

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
  /** The program's. */
  readonly version: string;
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

/** How long a stop waits for records that are not in the database yet; the rest is booked at the next start. */
const LAST_BOOKING_MS = 5_000;

/** Builds everything from a configuration and serves. */
export async function startApp(options: AppOptions): Promise<App> {
  const { log, loaded } = options;
  const database = await openDatabase({
    database: resolveSecret(loaded.config.storage.database, systemSecrets),
    data: options.data,
    onError: (error) =>
      log.error(
        { reason: error.message },
        "a connection to the database broke; the next query opens another",
      ),
  });
  try {
    return await startOn(database, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** What was begun is ended where a later part cannot be: half a server must not stay behind. */
async function startOn(database: Database, options: AppOptions): Promise<App> {
  const { log, loaded } = options;
  const pepper = await loadPepper(database);
  const store = new KeyStore(database, pepper);
  const ring = new KeyRing(pepper);
  ring.put(await store.list());
  const stopPolling = database.shared ? pollKeys(store, ring, log) : (): void => {};

  const metrics = new Metrics();
  const feed = new LiveFeed();
  const counter = new TokenCounter();
  const { journal: journalSettings, retention } = loaded.config.storage;
  const ledger = await Ledger.open({
    data: options.data,
    database,
    fsync: journalSettings.fsync,
    limitBytes: journalSettings.limit,
    retention,
    clock: systemClock,
    log,
    onKilled: (values) => metrics.count(killedOf(values)),
  });
  const responses = new DatabaseResponses({
    database,
    retention: () => loaded.config.responses.retention,
    onTrouble: responsesTroubleIn(log),
  });
  const sealKey = sealKeyOf(pepper);
  const end = async (): Promise<void> => {
    stopPolling();
    feed.close();
    await ledger.close(LAST_BOOKING_MS);
    await responses.close();
    await counter.close();
    metrics.close();
  };
  try {
    return await serve(database, options, {
      store,
      ring,
      metrics,
      feed,
      counter,
      ledger,
      responses,
      sealKey,
      end,
    });
  } catch (error) {
    await end();
    throw error;
  }
}

interface Begun {
  readonly store: KeyStore;
  readonly ring: KeyRing;
  readonly metrics: Metrics;
  readonly feed: LiveFeed;
  readonly counter: TokenCounter;
  readonly ledger: Ledger;
  readonly responses: DatabaseResponses;
  readonly sealKey: Buffer;
  /** Ends all of it. */
  readonly end: () => Promise<void>;
}

async function serve(database: Database, options: AppOptions, begun: Begun): Promise<App> {
  const { log, loaded } = options;
  const { store, ring, metrics, feed, counter, ledger } = begun;
  const providers = new ProviderSet();
  const onBug = (error: unknown, exchange: string): void =>
    log.error({ err: error, exchange }, "a fault in the gateway");
  const gateway = new Gateway({
    snapshot: prepareSnapshot(loaded, providers),
    keys: ring,
    clock: systemClock,
    recorder: new JournalRecorder({
      journal: ledger.journal,
      onFull: () => gateway.snapshot.config.storage.journal.onFull,
      onRecord: (record) => {
        metrics.observe(record);
        feed.publish(record);
      },
      onUnrecorded: (how) => metrics.unrecorded(how),
    }),
    countTokens: (texts, patienceMs, family) => counter.count(texts, patienceMs, family),
    responses: begun.responses,
    sealKey: begun.sealKey,
    onUnused: (unused) => {
      for (const provider of unused) provider.close().catch((error: unknown) => onBug(error, ""));
    },
    onBug,
    onRefused: refusalsIn(log),
  });
  know(metrics, gateway.snapshot);
  metrics.show({ inFlight: () => gateway.inFlight, journal: () => journalState(ledger) });
  ledger.noteConfig(loaded.hash, loaded.text);
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
    ...apiRoutes(
      {
        ...keyHandlers(keys),
        ...exchangeHandlers(ledger, systemClock),
        ...usageHandlers(ledger, systemClock),
        ...configurationHandlers(() => gateway.snapshot, ledger),
      },
      options.version,
    ),
    ...liveRoutes(feed),
    metricsRoute(metrics, server.control !== undefined),
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

  const reload = (force: boolean): void =>
    reloadConfig(options, { gateway, providers, metrics, ledger }, force);
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
      feed.close();
      const drained = gateway.drain(gateway.snapshot.config.server.timeouts.drain);
      for (const { frontDoor: door } of servers) door.closeIdle();
      await drained;
      await closeServers(servers);
      await Promise.all([...gateway.snapshot.providers.values()].map((provider) => provider.close()));
      await begun.end();
      await database.close();
      await Promise.all(afterStop.map((step) => step()));
    },
  };
}

/** Validate the whole, prepare, swap, clean up: a configuration with a fault never gets as far as the swap. */
function reloadConfig(
  options: AppOptions,
  parts: {
    readonly gateway: Gateway;
    readonly providers: ProviderSet;
    readonly metrics: Metrics;
    readonly ledger: Ledger;
  },
  force: boolean,
): void {
  const { log } = options;
  const { gateway, providers, metrics, ledger } = parts;
  try {
    const loaded = loadConfig(options.configFile);
    // Forced, the same text is taken again: a secret behind `file:` may be another one.
    if (loaded.hash === gateway.snapshot.hash && !force) return;
    for (const part of needsRestart(gateway.snapshot, loaded))
      log.warn({ part }, "changed, and takes effect after a restart");
    const prepared = prepareSnapshot(loaded, providers);
    ledger.noteConfig(loaded.hash, loaded.text);
    gateway.swap(prepared);
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
  const { egress } = loaded.config;
  const settings = new Map(
    Object.entries(loaded.config.providers).map(
      ([id, provider]) => [id, providerSettings(provider, egress, systemSecrets)] as const,
    ),
  );
  const prepared = providers.prepare(settings);
  const snapshot = createSnapshot(loaded.config, loaded.hash, systemClock.now(), prepared);
  providers.commit(settings, prepared);
  // What must be learnt of models is asked for now, so that the first exchange need not wait.
  for (const { adapter, model } of snapshot.targets.values()) void adapter.prepare?.(model);
  return snapshot;
}

/** What the log says where responses that clients asked to keep cannot be written. */
function responsesTroubleIn(log: Log): (error: Error | undefined, givenUp: number) => void {
  return (error, givenUp) => {
    if (givenUp > 0)
      log.error({ responses: givenUp }, "responses that clients asked to keep are lost: too many waited");
    else log.error({ err: error }, "the database takes no responses to keep; they wait in memory");
  };
}

/** One line a target and minute: every exchange on it fails alike until somebody acts. */
function refusalsIn(log: Log): (target: string, failure: AttemptFailure) => void {
  const lastAt = new Map<string, number>();
  return (target, { message, detail }) => {
    const now = performance.now();
    if (now - (lastAt.get(target) ?? Number.NEGATIVE_INFINITY) < 60_000) return;
    lastAt.set(target, now);
    log.error(
      { target, reason: message, detail },
      "a target's credentials do not serve; its exchanges fail or fall back",
    );
  };
}

function needsRestart(snapshot: Snapshot, loaded: LoadedConfig): string[] {
  const { server: old, storage } = snapshot.config;
  const { server, storage: newStorage } = loaded.config;
  const pairs: [string, unknown, unknown][] = [
    ["server.listen", old.listen, server.listen],
    ["server.control", old.control, server.control],
    ["server.tls", old.tls, server.tls],
    ["server.timeouts.headers, request or keepAlive", listenerTimeouts(old), listenerTimeouts(server)],
    ["storage", withoutOnFull(storage), withoutOnFull(newStorage)],
  ];
  return pairs.filter(([, a, b]) => JSON.stringify(a) !== JSON.stringify(b)).map(([part]) => part);
}

/** What the journal does when it is full is asked anew each time. */
function withoutOnFull(storage: LoadedConfig["config"]["storage"]): unknown {
  return { ...storage, journal: { ...storage.journal, onFull: undefined } };
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

/** What the metrics count of an exchange that an earlier run left open. */
function killedOf(values: readonly unknown[]): Counted {
  const of = (column: (typeof COLUMNS)[number]): unknown => values[COLUMNS.indexOf(column)] ?? undefined;
  return {
    tenant: of("tenant") as string | undefined,
    task: of("task") as string | undefined,
    target: of("target") as string | undefined,
    status: "killed",
    usage: undefined,
    costNano: BigInt((of("costNano") ?? "0") as string),
    estimatedNano: BigInt((of("costNano") ?? "0") as string),
  };
}

function journalState(ledger: Ledger): ReturnType<MetricSources["journal"]> {
  const { journal, shipper, damaged, rejected } = ledger;
  return {
    lagSeconds: shipper.lagMs / 1_000,
    bytes: journal.bytes,
    full: journal.full,
    unrecorded: journal.unrecorded,
    damaged,
    rejected,
    booked: shipper.booked,
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
