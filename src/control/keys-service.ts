import type * as z from "zod";
import type { Clock } from "../core/clock.ts";
import { AppError } from "../core/errors.ts";
import { accessKeyIdOf } from "../policy/aws-pair.ts";
import type { KeyRecord } from "../policy/key.ts";
import type { KeyRing } from "../policy/key-ring.ts";
import type { KeyStore } from "../policy/key-store.ts";
import { keyRequest, type CreatedKey, type KeyInfo } from "./contract.ts";

export interface KeysParts {
  readonly store: KeyStore;
  /** The keys of the running gateway, told at once of what changes; absent where none runs. */
  readonly ring: KeyRing | undefined;
  /** Whether the configuration has a tenant; a key for an unknown one would only ever be refused. */
  readonly hasTenant: (tenant: string) => boolean;
  readonly clock: Clock;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Issues, lists and revokes keys, for the control API and for commands alike. */
export class KeysService {
  readonly #parts: KeysParts;

  constructor(parts: KeysParts) {
    this.#parts = parts;
  }

  /** @throws AppError invalid_request where the wish is not of the contract's form or the tenant is unknown */
  async create(wish: unknown): Promise<CreatedKey> {
    const parsed = keyRequest.safeParse(wish);
    if (!parsed.success) throw new AppError("invalid_request", issuesText(parsed.error));
    const wanted = parsed.data;
    if (!this.#parts.hasTenant(wanted.tenant)) {
      throw new AppError(
        "invalid_request",
        `tenant: there is no tenant "${wanted.tenant}" in the configuration; add it under tenants`,
      );
    }
    const { key, record, pair } = await this.#parts.store.create(
      {
        tenant: wanted.tenant,
        name: wanted.name,
        rights: {
          defaults: withoutUndefined(wanted.defaults),
          pinned: withoutUndefined(wanted.pinned),
          tasks: wanted.tasks,
          actFor: wanted.actFor ?? [],
          metadataWords: wanted.metadataWords ?? false,
          aws: wanted.aws ?? false,
        },
        expiresAtMs: wanted.expiresAt === undefined ? undefined : Date.parse(wanted.expiresAt),
      },
      this.#parts.clock.now(),
    );
    this.#parts.ring?.put([record]);
    return { ...info(record), key, ...(pair !== undefined && { secretAccessKey: pair.secretAccessKey }) };
  }

  async list(): Promise<KeyInfo[]> {
    return (await this.#parts.store.list()).map(info);
  }

  /**
   * @param which  a key's id, or its first characters as lists show them
   * @throws AppError not_found
   */
  async revoke(which: string): Promise<KeyInfo> {
    const id = UUID.test(which)
      ? which
      : (await this.#parts.store.list()).find(({ prefix }) => prefix === which)?.id;
    const record = id === undefined ? undefined : await this.#parts.store.revoke(id, this.#parts.clock.now());
    if (record === undefined) throw new AppError("not_found", "there is no key with this id or prefix");
    this.#parts.ring?.put([record]);
    return info(record);
  }
}

function info(record: KeyRecord): KeyInfo {
  const { rights } = record;
  return {
    id: record.id,
    prefix: record.prefix,
    tenant: record.tenant,
    name: record.name ?? null,
    defaults: rights.defaults,
    pinned: rights.pinned,
    tasks: rights.tasks === undefined ? null : [...rights.tasks],
    actFor: [...rights.actFor],
    metadataWords: rights.metadataWords,
    accessKeyId: rights.aws ? accessKeyIdOf(record.id) : null,
    createdAt: iso(record.createdAtMs),
    expiresAt: record.expiresAtMs === undefined ? null : iso(record.expiresAtMs),
    revokedAt: record.revokedAtMs === undefined ? null : iso(record.revokedAtMs),
  };
}

function issuesText(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join(".") || "(body)"}: ${issue.message}`).join("; ");
}

function withoutUndefined(values: object | undefined): Record<string, string> {
  const entries = Object.entries(values ?? {}) as [string, string | undefined][];
  return Object.fromEntries(entries.flatMap(([word, value]) => (value === undefined ? [] : [[word, value]])));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
