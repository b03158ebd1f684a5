import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CreatedKey, KeyInfo } from "../control/contract.ts";
import { AppError } from "../core/errors.ts";
import { CannotError, UsageError } from "./command.ts";

/** Keys, through the running server or straight in the store. */
export interface KeysAccess {
  create(wish: unknown): Promise<CreatedKey>;
  list(): Promise<KeyInfo[]>;
  revoke(which: string): Promise<KeyInfo>;
  close(): Promise<void>;
}

/**
 * The keys of a data folder: by the server that runs on it (or the one that SWITCHYARD_URL names), else by opening the
 * store.
 *
 * @param configFile  for the tenants and the database, where no server runs
 */
export async function openKeys(data: string, configFile: string | undefined): Promise<KeysAccess> {
  const server = await findServer(data);
  return server === undefined ? inStore(data, configFile) : overHttp(server);
}

interface Server {
  readonly url: string;
  readonly token: string;
  readonly authority: string | undefined;
}

async function findServer(data: string): Promise<Server | undefined> {
  const url = process.env["SWITCHYARD_URL"];
  if (url !== undefined && url !== "") {
    const token = process.env["SWITCHYARD_TOKEN"];
    if (token === undefined || token === "")
      throw new CannotError("SWITCHYARD_URL is set and SWITCHYARD_TOKEN is not; set both");
    return { url, token, authority: undefined };
  }
  const text = await readFile(path.join(data, "server.json"), "utf8").catch(() => undefined);
  // A server that was killed leaves its file behind, and somebody else may listen there now: they must not get the token.
  const { isHeld } = await import("../storage/data-guard.ts");
  if (text === undefined || !(await isHeld(data))) return undefined;
  const {
    control,
    url: own,
    tlsAuthority,
  } = JSON.parse(text) as { url: string; control?: string; tlsAuthority?: string };
  const token = (await readFile(path.join(data, "admin.token"), "utf8").catch(() => "")).trim();
  const authority =
    tlsAuthority === undefined ? undefined : await readFile(tlsAuthority, "utf8").catch(() => undefined);
  return { url: control ?? own, token, authority };
}

async function request<Result>(
  server: Server,
  method: string,
  route: string,
  body?: unknown,
): Promise<Result> {
  const { Agent, fetch } = await import("undici");
  const dispatcher =
    server.authority === undefined ? undefined : new Agent({ connect: { ca: server.authority } });
  let response: Awaited<ReturnType<typeof fetch>>;
  try {
    response = await fetch(new URL(route, server.url), {
      method,
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(dispatcher !== undefined && { dispatcher }),
    });
  } catch (error) {
    throw new CannotError(`the server at ${server.url} does not answer`, { cause: error });
  }
  const answer = (await response.json()) as Result & { detail?: string; fix?: string };
  if (response.ok) return answer;
  const message = answer.detail ?? `the server answered ${response.status}`;
  throw response.status === 400 ? new UsageError(message) : new CannotError(message);
}

function overHttp(server: Server): KeysAccess {
  return {
    create: (wish) => request<CreatedKey>(server, "POST", "/api/keys", wish),
    list: async () => (await request<{ rows: KeyInfo[] }>(server, "GET", "/api/keys")).rows,
    revoke: (which) => request<KeyInfo>(server, "DELETE", `/api/keys/${encodeURIComponent(which)}`),
    close: async () => {},
  };
}

async function inStore(data: string, configFile: string | undefined): Promise<KeysAccess> {
  const [
    { guardData },
    { openDatabase },
    { KeyStore, loadPepper },
    { KeysService },
    { loadConfig },
    { systemClock },
    { resolveSecret, systemSecrets },
  ] = await Promise.all([
    import("../storage/data-guard.ts"),
    import("../storage/open.ts"),
    import("../policy/key-store.ts"),
    import("../control/keys-service.ts"),
    import("../config/load.ts"),
    import("../core/clock.ts"),
    import("../config/secrets.ts"),
  ]);
  const config = loadConfig(configFile).config;
  const guard = await guardData(data);
  const database = await openDatabase({
    database: resolveSecret(config.storage.database, systemSecrets),
    data,
    onError: () => {},
  });
  const keys = new KeysService({
    store: new KeyStore(database, await loadPepper(database)),
    ring: undefined,
    hasTenant: (tenant) => Object.hasOwn(config.tenants, tenant),
    clock: systemClock,
  });
  return {
    create: (wish) => keys.create(wish).catch(asUsage),
    list: () => keys.list(),
    revoke: (which) => keys.revoke(which),
    async close() {
      await database.close();
      await guard.release();
    },
  };
}

/** A wish that is wrong is wrong usage, whoever says so. */
function asUsage(error: unknown): never {
  throw error instanceof AppError && error.code === "invalid_request" ? new UsageError(error.message) : error;
}
