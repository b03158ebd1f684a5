import { createHmac, randomInt } from "node:crypto";
import type { WordValues } from "../core/context.ts";

/** What a key may do, beside belonging to a tenant. */
export interface KeyRights {
  /** Words for requests that name none. */
  readonly defaults: WordValues;
  /** Words that requests cannot change. */
  readonly pinned: WordValues;
  /** Patterns of tasks, within the tenant's; undefined for all that the tenant has. */
  readonly tasks: readonly string[] | undefined;
  /** Tenants in whose name it may call; "*" is any. */
  readonly actFor: readonly string[];
  /** Whether `metadata.user` and the like are taken for words, beside `metadata.switchyard_user`. */
  readonly metadataWords: boolean;
  /** Whether an access-key pair for AWS SDKs was issued with it. */
  readonly aws: boolean;
}

/** A key as the gateway knows it; the key itself is nowhere kept. */
export interface KeyRecord {
  readonly id: string;
  /** The key's first characters, for look-up and for people. */
  readonly prefix: string;
  /** HMAC-SHA256 of the whole key under the pepper. */
  readonly digest: Buffer;
  readonly tenant: string;
  readonly name: string | undefined;
  readonly rights: KeyRights;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | undefined;
  readonly revokedAtMs: number | undefined;
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MARK = "sy-";
const LENGTH = MARK.length + 40;
const PREFIX_LENGTH = MARK.length + 8;

/** A new key: `sy-` and 40 of 62 characters, 238 random bits. A double click selects it whole. */
export function newKey(): string {
  let key = MARK;
  while (key.length < LENGTH) key += ALPHABET[randomInt(ALPHABET.length)];
  return key;
}

/** The part under which a key is looked up, or undefined where the text is no key of ours. */
export function keyPrefix(key: string): string | undefined {
  return key.length === LENGTH && key.startsWith(MARK) ? key.slice(0, PREFIX_LENGTH) : undefined;
}

/** What is kept of a key. Keys are random, so one keyed hash is enough; a slow password hash would add nothing. */
export function keyDigest(key: string, pepper: Buffer): Buffer {
  return createHmac("sha256", pepper).update(key).digest();
}
