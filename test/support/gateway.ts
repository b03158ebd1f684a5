import { randomBytes } from "node:crypto";
import { parseConfig } from "../../src/config/parse.ts";
import type { SecretSource } from "../../src/config/secrets.ts";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import { newId } from "../../src/core/ids.ts";
import { clientRoutes } from "../../src/gateway/client-routes.ts";
import { Gateway } from "../../src/gateway/gateway.ts";
import type { FrontDoorOptions } from "../../src/gateway/front-door.ts";
import type { Route } from "../../src/gateway/routes.ts";
import { createServer } from "../../src/gateway/server.ts";
import { createSnapshot, type Snapshot } from "../../src/gateway/snapshot.ts";
import { keyDigest, keyPrefix, newKey, type KeyRecord, type KeyRights } from "../../src/policy/key.ts";
import { KeyRing } from "../../src/policy/key-ring.ts";
import { createProvider } from "../../src/providers/registry.ts";
import { providerSettings } from "../../src/providers/settings.ts";
import type { ResponseStore } from "../../src/gateway/responses/stored-response.ts";
import type { ExchangeRecord } from "../../src/telemetry/record.ts";
import { MemoryResponses } from "./memory-responses.ts";
import type { ExchangeRecorder } from "../../src/telemetry/recorder.ts";

/** A gateway in this process, on a real socket, without a database: what it records is in `records`. */
export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly gateway: Gateway;
  readonly records: ExchangeRecord[];
  readonly bugs: unknown[];
  /** A key of tenant "acme", allowed everything unless told otherwise. */
  readonly key: string;
  issue(options?: Omit<Partial<KeyRecord>, "rights"> & { rights?: Partial<KeyRights> }): {
    readonly key: string;
    readonly record: KeyRecord;
  };
  readonly ring: KeyRing;
  /** The record of the exchange, when it is over. */
  record(id: string): Promise<ExchangeRecord>;
  /** Sends a chat request. */
  chat(
    body: object,
    options?: { key?: string; headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response>;
  closeIdle(): void;
}

export interface TestGatewayOptions {
  /** For `env:` references of the configuration. */
  readonly env?: Record<string, string>;
  readonly clock?: Clock;
  readonly frontDoor?: Partial<FrontDoorOptions>;
  readonly routes?: (gateway: Gateway) => readonly Route[];
  readonly responses?: ResponseStore;
  /** Instead of one that remembers records and lets everything go on at once. */
  readonly recorder?: Partial<ExchangeRecorder>;
}

/** @param yaml  providers, targets, tasks; tenant "acme" is added where the text names no tenants */
export async function startGateway(yaml: string, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const pepper = randomBytes(32);
  const ring = new KeyRing(pepper);
  const records: ExchangeRecord[] = [];
  const bugs: unknown[] = [];
  const responses = options.responses ?? new MemoryResponses();
  const snapshot = testSnapshot(yaml, options.env);
  const gateway = new Gateway({
    snapshot,
    keys: ring,
    clock: options.clock ?? systemClock,
    recorder: {
      opened(_record, _decision, go) {
        go(undefined);
        return undefined;
      },
      closed(record, _decision, _mark, told) {
        records.push(record);
        told();
      },
      ...options.recorder,
    },
    countTokens: async (texts) => texts.map((text) => Math.ceil(text.length / 4)),
    responses,
    sealKey: randomBytes(32),
    onUnused: (providers) => {
      for (const provider of providers) void provider.close();
    },
    onBug: (error) => bugs.push(error),
  });
  const { timeouts } = snapshot.config.server;
  const { app, frontDoor } = createServer({
    gateway,
    routes: options.routes?.(gateway) ?? clientRoutes(gateway),
    frontDoor: {
      headersTimeout: timeouts.headers,
      requestTimeout: timeouts.request,
      keepAliveTimeout: timeouts.keepAlive,
      tls: undefined,
      ...options.frontDoor,
    },
    isAdmin: (token) => token === "admin",
    controlEverywhere: true,
    onBug: (error) => bugs.push(error),
  });
  await app.listen({ host: "127.0.0.1", port: 0 });
  const { port } = frontDoor.server.address() as { port: number };
  const url = `http://127.0.0.1:${port}`;

  const issue: TestGateway["issue"] = (wanted = {}) => {
    const key = newKey();
    const now = (options.clock ?? systemClock).now();
    const record: KeyRecord = {
      id: newId(now),
      prefix: keyPrefix(key) ?? "",
      digest: keyDigest(key, pepper),
      tenant: "acme",
      name: undefined,
      createdAtMs: now,
      expiresAtMs: undefined,
      revokedAtMs: undefined,
      ...wanted,
      rights: {
        defaults: {},
        pinned: {},
        tasks: undefined,
        actFor: [],
        metadataWords: false,
        aws: false,
        ...wanted.rights,
      },
    };
    ring.put([record]);
    return { key, record };
  };
  const { key } = issue();
  return {
    url,
    port,
    gateway,
    records,
    bugs,
    key,
    issue,
    ring,
    closeIdle: () => frontDoor.closeIdle(),
    record: (id) => until(() => records.find((record) => record.id === id)),
    chat: (body, how = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${how.key ?? key}`,
          "content-type": "application/json",
          ...how.headers,
        },
        body: JSON.stringify(body),
        ...(how.signal !== undefined && { signal: how.signal }),
      }),
    async [Symbol.asyncDispose]() {
      await frontDoor.close();
      await app.close();
      await Promise.all([...gateway.snapshot.providers.values()].map((provider) => provider.close()));
    },
  };
}

/** A snapshot of a configuration text; faults fail the test. */
export function testSnapshot(yaml: string, env: Record<string, string> = {}): Snapshot {
  const text = /^tenants:/m.test(yaml) ? yaml : `${yaml}\ntenants:\n  acme: { tasks: ["*"] }\n`;
  const secrets: SecretSource = { env, readFile: () => "" };
  const result = parseConfig(text, "test.yaml", secrets);
  if (!result.ok) throw new Error(result.faults.join("\n"));
  const { egress, providers: configs } = result.config;
  const providers = new Map(
    Object.entries(configs).map(
      ([id, config]) => [id, createProvider(id, providerSettings(config, egress, secrets))] as const,
    ),
  );
  return createSnapshot(result.config, `hash-of-${text.length}`, Date.now(), providers);
}

/** Waits until something is there; fails after 5 seconds. */
export async function until<Found>(look: () => Found | undefined | false, what = "it"): Promise<Found> {
  for (let tries = 0; tries < 500; tries++) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${what} did not come within 5 seconds`);
}

/** Targets on one engine, a price each; model ids are the targets' names. */
export function targetsOn(url: string, names: readonly string[], extra = ""): string {
  const lines = names.map(
    (name) =>
      `  ${name}: { provider: eng, model: ${name}-up, tier: dedicated, price: { input: 1, output: 2 }${extra} }`,
  );
  return `providers:\n  eng: { kind: openai-compatible, baseUrl: "${url}" }\ntargets:\n${lines.join("\n")}\n`;
}
