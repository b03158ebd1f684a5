import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { EndpointId, Endpoints } from "../control/contract.ts";
import type { Endpoint, EndpointAnswer, EndpointCall } from "../control/endpoint.ts";
import { AppError } from "../core/errors.ts";
import { CannotError, MissingError, UsageError, type Option } from "./command.ts";

export const configOption: Option = {
  type: "string",
  value: "FILE",
  describe: "The configuration, where no server runs on the data folder; the demo's where none is named.",
};

/** The control API, of the running server or straight on the store. */
export interface ControlAccess {
  call<Id extends EndpointId>(
    id: Id,
    input?: EndpointCall<Endpoints[Id]>,
  ): Promise<EndpointAnswer<Endpoints[Id]>>;
  close(): Promise<void>;
}

/** A server that answers for the control API. */
export interface Server {
  readonly url: string;
  readonly token: string;
  /** PEM of the authority behind a self-signed certificate. */
  readonly authority: string | undefined;
}

export interface AccessOptions {
  readonly data: string;
  /** For the tenants and the database, where no server runs. */
  readonly configFile: string | undefined;
  /** Whether a store may be made where none is. */
  readonly mayCreate: boolean;
}

/** By the server that runs on the data folder (or the one that SWITCHYARD_URL names), else by opening the store. */
export async function openControl(options: AccessOptions): Promise<ControlAccess> {
  const server = await findServer(options.data);
  return server === undefined ? inStore(options) : overHttp(server);
}

export async function findServer(data: string): Promise<Server | undefined> {
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

/** Sends a request to the control API. @throws CannotError where the server does not answer */
export async function send(server: Server, method: string, route: string, body?: unknown) {
  const { Agent, fetch } = await import("undici");
  const dispatcher =
    server.authority === undefined ? undefined : new Agent({ connect: { ca: server.authority } });
  try {
    return await fetch(new URL(route, server.url), {
      method,
      headers: {
        authorization: `Bearer ${server.token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(dispatcher !== undefined && { dispatcher }),
    });
  } catch (error) {
    throw new CannotError(`the server at ${server.url} does not answer`, { cause: error });
  }
}

function overHttp(server: Server): ControlAccess {
  return {
    async call<Id extends EndpointId>(id: Id, input: EndpointCall<Endpoints[Id]> = {}) {
      // Loaded here: help must not pay for the schema library.
      const { ENDPOINTS } = await import("../control/contract.ts");
      const endpoint: Endpoint = ENDPOINTS[id];
      const response = await send(server, endpoint.method, routeOf(endpoint, input), input.body);
      const text = await response.text();
      const answer = jsonOf(text) as
        | (EndpointAnswer<Endpoints[Id]> & { detail?: string; fix?: string })
        | undefined;
      if (response.ok && answer !== undefined) return answer;
      const message = answer?.detail ?? `the server at ${server.url} answered ${response.status}`;
      if (response.status === 400) throw new UsageError(message);
      throw response.status === 404 ? new MissingError(message) : new CannotError(message);
    },
    close: async () => {},
  };
}

function routeOf(endpoint: Endpoint, input: EndpointCall<Endpoint>): string {
  const params = (input.params ?? {}) as Record<string, string>;
  const query = Object.entries((input.query ?? {}) as Record<string, unknown>).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value as string | number)] as [string, string]],
  );
  const route = endpoint.url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  return query.length === 0 ? route : `${route}?${new URLSearchParams(query).toString()}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function inStore({ data, configFile, mayCreate }: AccessOptions): Promise<ControlAccess> {
  const [{ loadConfig }, { openStore }] = await Promise.all([
    import("../config/load.ts"),
    import("./open-store.ts"),
  ]);
  const loaded = loadConfig(configFile);
  const isEmbedded = loaded.config.storage.database === "embedded";
  if (!mayCreate && isEmbedded && !existsSync(path.join(data, "db"))) {
    throw new CannotError(
      `no server runs on ${data} and there is no database in it; name the folder with --data, or the configuration of a PostgreSQL with --config`,
    );
  }
  const store = await openStore(data, loaded);
  return {
    async call<Id extends EndpointId>(id: Id, input: EndpointCall<Endpoints[Id]> = {}) {
      try {
        return await store.answer(id, input);
      } catch (error) {
        // A wish that is wrong is wrong usage, whoever says so.
        if (error instanceof AppError && error.code === "invalid_request")
          throw new UsageError(error.message, { cause: error });
        if (error instanceof AppError && error.code === "not_found")
          throw new MissingError(error.message, { cause: error });
        throw error;
      }
    },
    close: () => store.close(),
  };
}
