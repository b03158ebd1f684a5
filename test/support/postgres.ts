import { execFileSync, spawn, spawnSync, type ChildProcess, type SpawnOptions } from "node:child_process";
import { existsSync } from "node:fs";
import { chown, mkdtemp, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import pg from "pg";
import { installFromDebian } from "./debian.ts";

/** A PostgreSQL of its own for one test file, behind a Unix socket; gone with its data afterwards. */
export interface TestPostgres extends AsyncDisposable {
  /** A fresh, empty database. @returns its URL */
  createDatabase(): Promise<string>;
}

const PACKAGED = "/usr/lib/postgresql";
const OLDEST = 15;
const START_TRIES = 200;

/** @returns undefined where this machine has no PostgreSQL of the oldest supported version and none can be installed */
export async function startPostgres(): Promise<TestPostgres | undefined> {
  const bin = (await findBinaries()) ?? (installFromDebian("postgresql") ? await findBinaries() : undefined);
  if (bin === undefined) return undefined;
  const folder = await mkdtemp(path.join(os.tmpdir(), "switchyard-pg-"));
  const user = serverUser();
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const data = path.join(folder, "data");
  const how: SpawnOptions = { ...user, cwd: folder };
  const made = spawnSync(
    path.join(bin, "initdb"),
    ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
    { ...how, encoding: "utf8" } as const,
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
  const settings = ["listen_addresses=", "fsync=off", "max_connections=50"].flatMap((setting) => [
    "-c",
    setting,
  ]);
  const server = spawn(path.join(bin, "postgres"), ["-D", data, "-k", folder, ...settings], {
    ...how,
    stdio: "ignore",
  });
  // A test run that is broken off takes its server along.
  const kill = (): void => void server.kill("SIGQUIT");
  process.once("exit", kill);
  const url = (database: string): string =>
    `postgres://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`;
  await ready(url("postgres"), server);
  let serial = 0;
  return {
    async createDatabase() {
      const name = `test_${++serial}`;
      await withClient(url("postgres"), (client) => client.query(`create database ${name}`));
      return url(name);
    },
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      const exited = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGQUIT");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs something on a connection of its own. */
export async function withClient<Result>(
  connection: string | pg.ClientConfig,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client(connection);
  client.on("error", () => {});
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

async function findBinaries(): Promise<string | undefined> {
  const told = spawnSync("pg_config", ["--bindir"], { encoding: "utf8" }).stdout?.trim() ?? "";
  const versions = await readdir(PACKAGED).catch(() => []);
  const packaged = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => path.join(PACKAGED, version, "bin"));
  return [told, ...packaged].find((bin) => {
    if (!existsSync(path.join(bin, "initdb")) || !existsSync(path.join(bin, "postgres"))) return false;
    const version = execFileSync(path.join(bin, "postgres"), ["--version"], { encoding: "utf8" });
    return Number(/\d+/.exec(version)?.[0]) >= OLDEST;
  });
}

/** PostgreSQL refuses to run as root. */
function serverUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function ready(url: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < START_TRIES; tries++) {
    const answered = await withClient(url, (client) => client.query("select 1")).catch(() => undefined);
    if (answered !== undefined) return;
    if (server.exitCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("PostgreSQL did not start");
}
