import { randomBytes } from "node:crypto";
import { sql, type Selectable } from "kysely";
import { newId } from "../core/ids.ts";
import type { Database, Tables } from "../storage/database.ts";
import { awsPair, type AwsPair } from "./aws-pair.ts";
import { keyDigest, keyPrefix, newKey, type KeyRecord, type KeyRights } from "./key.ts";

export interface NewKey {
  readonly tenant: string;
  readonly name: string | undefined;
  readonly rights: KeyRights;
  readonly expiresAtMs: number | undefined;
}

export interface IssuedKey {
  readonly key: string;
  readonly record: KeyRecord;
  readonly pair: AwsPair | undefined;
}

/** Keys in the database. Nothing here can give a key back: only its digest is stored. */
export class KeyStore {
  readonly #tables: Database["tables"];
  readonly #pepper: Buffer;

  constructor(database: Database, pepper: Buffer) {
    this.#tables = database.tables;
    this.#pepper = pepper;
  }

  /** Makes a key; it, and its pair where one is wanted, are shown once. */
  async create(wanted: NewKey, nowMs: number): Promise<IssuedKey> {
    const key = newKey();
    const record: KeyRecord = {
      id: newId(nowMs),
      prefix: keyPrefix(key) ?? key,
      digest: keyDigest(key, this.#pepper),
      tenant: wanted.tenant,
      name: wanted.name,
      rights: wanted.rights,
      createdAtMs: nowMs,
      expiresAtMs: wanted.expiresAtMs,
      revokedAtMs: undefined,
    };
    await this.#tables
      .insertInto("api_key")
      .values({
        id: record.id,
        prefix: record.prefix,
        digest: record.digest,
        tenant: record.tenant,
        name: record.name ?? null,
        rights: JSON.stringify(record.rights),
        created_at: new Date(record.createdAtMs),
        expires_at: record.expiresAtMs === undefined ? null : new Date(record.expiresAtMs),
        revoked_at: null,
      })
      .execute();
    return { key, record, pair: wanted.rights.aws ? awsPair(record.id, this.#pepper) : undefined };
  }

  /** Oldest first. */
  async list(): Promise<KeyRecord[]> {
    const rows = await this.#tables
      .selectFrom("api_key")
      .selectAll()
      .orderBy("created_at")
      .orderBy("id")
      .execute();
    return rows.map(toRecord);
  }

  /** Revokes for good; a key already revoked keeps its first time. @returns undefined where there is no such key */
  async revoke(id: string, nowMs: number): Promise<KeyRecord | undefined> {
    const row = await this.#tables
      .updateTable("api_key")
      .set((expression) => ({
        revoked_at: expression.fn.coalesce("revoked_at", expression.val(new Date(nowMs))),
        changed_at: sql<Date>`clock_timestamp()`,
      }))
      .where("id", "=", id)
      .returningAll()
      .executeTakeFirst();
    return row === undefined ? undefined : toRecord(row);
  }

  /** Keys that changed in the last seconds by the database's own clock, for nodes that share it. */
  async changedWithin(seconds: number): Promise<KeyRecord[]> {
    const rows = await this.#tables
      .selectFrom("api_key")
      .selectAll()
      .where("changed_at", ">=", sql<Date>`clock_timestamp() - make_interval(secs => ${seconds})`)
      .execute();
    return rows.map(toRecord);
  }
}

/** The secret under which keys are hashed: made on first use and kept in the database, so that all nodes have the same. */
export async function loadPepper(database: Database): Promise<Buffer> {
  await database.tables
    .insertInto("setting")
    .values({ name: "key_pepper", value: randomBytes(32).toString("hex") })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await database.tables
    .selectFrom("setting")
    .select("value")
    .where("name", "=", "key_pepper")
    .executeTakeFirstOrThrow();
  return Buffer.from(row.value, "hex");
}

function toRecord(row: Selectable<Tables["api_key"]>): KeyRecord {
  const rights = row.rights as Partial<KeyRights>;
  return {
    id: row.id,
    prefix: row.prefix,
    digest: row.digest,
    tenant: row.tenant,
    name: row.name ?? undefined,
    rights: {
      defaults: rights.defaults ?? {},
      pinned: rights.pinned ?? {},
      tasks: rights.tasks,
      actFor: rights.actFor ?? [],
      metadataWords: rights.metadataWords ?? false,
      aws: rights.aws ?? false,
    },
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at?.getTime(),
    revokedAtMs: row.revoked_at?.getTime(),
  };
}
