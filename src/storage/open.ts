import { mkdir } from "node:fs/promises";
import type net from "node:net";
import path from "node:path";
import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { Database, Tables } from "./database.ts";
import { startEmbedded } from "./embedded.ts";
import { migrate } from "./migrate.ts";

export interface OpenOptions {
  /** "embedded", or a PostgreSQL URL with every secret resolved. */
  readonly database: string;
  /** The data folder; the embedded database lives in `db` below it. Its guard must be held. */
  readonly data: string;
  /** Told when a connection breaks outside a query; the pool opens another. */
  readonly onError: (error: Error) => void;
}

/** A question that takes longer is given up, and with it its connection. */
const QUERY_TIMEOUT_MS = 120_000;
/** How long closing waits for questions that are under way. */
const CLOSE_MS = 5_000;

/**
 * Opens the database and brings its schema up to date.
 *
 * @throws Error where it cannot be reached, a migration fails, or its schema is newer than this program
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  await mkdir(options.data, { recursive: true, mode: 0o700 });
  return options.database === "embedded" ? openEmbedded(options) : openPostgres(options);
}

async function openEmbedded(options: OpenOptions): Promise<Database> {
  const server = await startEmbedded(path.join(options.data, "db"), options.onError);
  // One connection: PGlite has one session, and two clients' protocol messages would mix in it.
  const pool = new pg.Pool({
    host: server.socketFolder,
    port: server.port,
    user: "postgres",
    database: "postgres",
    max: 1,
  });
  return prepared("embedded", pool, options, () => server.stop());
}

async function openPostgres(options: OpenOptions): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: options.database,
    max: 10,
    connectionTimeoutMillis: 10_000,
    // A host that vanished answers nothing, not even that it is gone.
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    application_name: "switchyard",
  });
  return prepared("postgresql", pool, options, async () => {});
}

async function prepared(
  kind: Database["kind"],
  pool: pg.Pool,
  options: OpenOptions,
  stop: () => Promise<void>,
): Promise<Database> {
  let isClosing = false;
  // While it is closed, connections end; that is no news.
  const onError = (error: Error): void => {
    if (!isClosing) options.onError(error);
  };
  // Each client tells of itself; without a listener the pool would end the process.
  pool.on("error", () => {});
  const sockets = new Set<net.Socket>();
  pool.on("connect", (client) => {
    // The pool listens to idle clients only; one that breaks with a query under way would end the process.
    client.on("error", onError);
    const { stream } = (client as unknown as { connection: { stream: net.Socket } }).connection;
    sockets.add(stream);
    stream.once("close", () => sockets.delete(stream));
  });
  const tables = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const close = async (): Promise<void> => {
    isClosing = true;
    // A server that does not answer any more must not keep the program from ending.
    const impatience = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, CLOSE_MS);
    await tables.destroy();
    clearTimeout(impatience);
    await stop();
  };
  try {
    await migrate(pool);
  } catch (error) {
    await close();
    throw error;
  }
  return { kind, shared: kind === "postgresql", tables, close };
}
