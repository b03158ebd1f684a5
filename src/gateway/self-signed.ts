import { webcrypto, X509Certificate, createPrivateKey } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import type { Tls } from "./tls.ts";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const AUTHORITY_DAYS = 3_650;
/** Apple's clients refuse certificates that are good for longer. */
const CERTIFICATE_DAYS = 397;
const DAY_MS = 86_400_000;

/**
 * A certificate of our own: a local authority, made once under `<data>/tls` for clients to trust, and a certificate
 * signed by it, made anew at every start.
 */
export async function selfSigned(data: string, hosts: readonly string[]): Promise<Tls> {
  // Loaded here: most gateways never make a certificate, and the library takes its time.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  x509.cryptoProvider.set(webcrypto);
  const folder = path.join(data, "tls");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = { cert: path.join(folder, "authority.pem"), key: path.join(folder, "authority.key") };
  const now = Date.now();

  const newAuthority = async (): Promise<void> => {
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: "CN=Switchyard local authority",
      notBefore: new Date(now - DAY_MS),
      notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    await writeFile(files.key, await privatePem(keys.privateKey), { mode: 0o600 });
    await writeFile(files.cert, certificate.toString("pem"));
  };
  if (!(await isGood(files.cert, now))) await newAuthority();

  const authority = new x509.X509Certificate(await readFile(files.cert, "utf8"));
  const authorityKey = await webcrypto.subtle.importKey(
    "pkcs8",
    createPrivateKey(await readFile(files.key, "utf8")).export({ type: "pkcs8", format: "der" }),
    ALGORITHM,
    false,
    ["sign"],
  );
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const names = new Set([
    "localhost",
    "127.0.0.1",
    "::1",
    ...hosts.filter((host) => host !== "0.0.0.0" && host !== "::"),
  ]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: "CN=Switchyard",
    issuer: authority.subject,
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + CERTIFICATE_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authorityKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        [...names].map((name) => ({ type: net.isIP(name) === 0 ? "dns" : "ip", value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return { cert: certificate.toString("pem"), key: await privatePem(keys.privateKey), authority: files.cert };
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" })
    .export({ type: "pkcs8", format: "pem" })
    .toString();
}

/** Whether an authority is there and good for longer than a certificate that it would sign. */
async function isGood(file: string, now: number): Promise<boolean> {
  try {
    const certificate = new X509Certificate(await readFile(file, "utf8"));
    return Date.parse(certificate.validTo) > now + CERTIFICATE_DAYS * DAY_MS;
  } catch {
    return false;
  }
}
