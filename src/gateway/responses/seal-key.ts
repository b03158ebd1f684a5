import { hkdfSync } from "node:crypto";

/**
 * The key under which thoughts travel by way of clients: the same on every node, because it is made of a secret that all
 * read from the database. HKDF, RFC 5869.
 *
 * @param secret  the database's own, at least 32 bytes
 * @returns 32 bytes
 */
export function sealKeyOf(secret: Buffer): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", "switchyard: thoughts in responses", 32));
}
