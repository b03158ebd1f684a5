import { readFile } from "node:fs/promises";
import type { Config } from "../config/schema.ts";
import { selfSigned } from "./self-signed.ts";

export interface Tls {
  readonly cert: string;
  readonly key: string;
  /** Path of the certificate that clients must trust, where we made it ourselves. */
  readonly authority?: string;
}

/**
 * The certificate and key for the listener.
 *
 * @param data   where a self-signed one is kept, below `tls`
 * @param hosts  names and addresses that it must be good for, beside the local ones
 */
export async function loadTls(
  tls: Config["server"]["tls"],
  data: string,
  hosts: readonly string[],
): Promise<Tls | undefined> {
  if (tls === undefined) return undefined;
  if (tls === "self-signed") return selfSigned(data, hosts);
  const [cert, key] = await Promise.all([pem(tls.cert, "server.tls.cert"), pem(tls.key, "server.tls.key")]);
  return { cert, key };
}

async function pem(reference: string, field: string): Promise<string> {
  const file = reference.replace(/^file:/, "");
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new Error(
      `${field}: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`,
      { cause: error },
    );
  }
}
