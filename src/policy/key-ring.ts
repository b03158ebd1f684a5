import { hash, timingSafeEqual } from "node:crypto";
import { AppError } from "../core/errors.ts";
import { awsPair } from "./aws-pair.ts";
import { keyDigest, keyPrefix, type KeyRecord } from "./key.ts";

/** Every key in memory, so that no exchange waits for a table. */
export class KeyRing {
  readonly #pepper: Buffer;
  readonly #byPrefix = new Map<string, KeyRecord>();
  /** Keys with an access-key pair, by its id. */
  readonly #signers = new Map<string, Signer>();
  /**
   * Keys that were verified, by their SHA-256: a keyed hash costs 8.6 µs, most of it for Node's key objects, this
   * look-up 0.2.
   * Forgotten as a whole whenever a record changes.
   */
  readonly #verified = new Map<string, KeyRecord>();

  constructor(pepper: Buffer) {
    this.#pepper = pepper;
  }

  /** Adds keys, or replaces those with the same prefix: the newer record holds from now on. */
  put(records: readonly KeyRecord[]): void {
    if (records.length === 0) return;
    for (const record of records) {
      this.#byPrefix.set(record.prefix, record);
      if (!record.rights.aws) continue;
      const { accessKeyId, secretAccessKey } = awsPair(record.id, this.#pepper);
      this.#signers.set(accessKeyId, { record, secret: secretAccessKey });
    }
    this.#verified.clear();
  }

  /**
   * The record of a key that a client sent.
   *
   * @throws AppError unauthenticated, key_revoked or key_expired
   */
  authenticate(key: string, nowMs: number): KeyRecord {
    const fingerprint = hash("sha256", key, "base64");
    const record = this.#verified.get(fingerprint) ?? this.#verify(key, fingerprint);
    return valid(record, nowMs);
  }

  /**
   * Whose an access-key pair is.
   *
   * @throws AppError unauthenticated, key_revoked or key_expired
   */
  signer(accessKeyId: string, nowMs: number): Signer {
    const signer = this.#signers.get(accessKeyId);
    if (signer === undefined) {
      throw new AppError(
        "unauthenticated",
        "the request is signed with AWS credentials that this Switchyard does not know; set AWS_BEARER_TOKEN_BEDROCK to a Switchyard key, or use an access-key pair issued with one (switchyard keys create --aws)",
      );
    }
    valid(signer.record, nowMs);
    return signer;
  }

  #verify(key: string, fingerprint: string): KeyRecord {
    const prefix = keyPrefix(key);
    const record = prefix === undefined ? undefined : this.#byPrefix.get(prefix);
    if (record === undefined || !timingSafeEqual(record.digest, keyDigest(key, this.#pepper))) {
      throw new AppError("unauthenticated", "the key is not one that this Switchyard issued");
    }
    // Only issued keys come this far, so the map stays as small as the ring.
    this.#verified.set(fingerprint, record);
    return record;
  }
}

/** @throws AppError key_revoked or key_expired */
function valid(record: KeyRecord, nowMs: number): KeyRecord {
  if (record.revokedAtMs !== undefined) {
    throw new AppError("key_revoked", `the key ${record.prefix}… was revoked at ${iso(record.revokedAtMs)}`);
  }
  if (record.expiresAtMs !== undefined && record.expiresAtMs <= nowMs) {
    throw new AppError("key_expired", `the key ${record.prefix}… expired at ${iso(record.expiresAtMs)}`);
  }
  return record;
}

/** A key that signs. */
export interface Signer {
  readonly record: KeyRecord;
  readonly secret: string;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
