import { hash } from "node:crypto";
import type { AssumeRole, BedrockOptions } from "./options.ts";

/** What requests are signed with. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

type Source = () => Promise<AwsCredentials>;

/** Credentials are renewed so long before they end; a request under way must not lose them. */
const MARGIN_MS = 5 * 60_000;
/** After a failure nobody is asked again for so long: STS limits how often it may be asked. */
const RETRY_MS = 1_000;
/** Tenants whose credentials are kept. */
const MOST_KEPT = 10_000;

interface Kept {
  readonly credentials: Promise<AwsCredentials>;
  /** Unix milliseconds. */
  goodUntilMs: number;
}

/**
 * Credentials from the standard chain (environment, shared files, container, instance), or for each tenant from a role
 * that is taken in its name. Roles bear the tenant as a session tag, so that bills tell tenants apart; the tenant comes
 * from the key and never from a header.
 */
export class Credentials {
  readonly #options: Pick<BedrockOptions, "region" | "baseUrl" | "profile" | "assumeRole">;
  readonly #kept = new Map<string, Kept>();
  #chain: Promise<Source> | undefined;

  constructor(options: Pick<BedrockOptions, "region" | "baseUrl" | "profile" | "assumeRole">) {
    this.#options = options;
  }

  /** @throws Error where none can be had */
  get(tenant: string): Promise<AwsCredentials> {
    const name = this.#options.assumeRole === undefined ? "" : tenant;
    const now = Date.now();
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.goodUntilMs > now) return kept.credentials;
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    const fresh: Kept = { credentials: this.#ask(tenant), goodUntilMs: Number.POSITIVE_INFINITY };
    this.#kept.set(name, fresh);
    void noteEnd(fresh);
    return fresh.credentials;
  }

  async #ask(tenant: string): Promise<AwsCredentials> {
    const { assumeRole } = this.#options;
    const chain = await (this.#chain ??= this.#base());
    if (assumeRole === undefined) return chain();
    const { fromTemporaryCredentials } = await import("@aws-sdk/credential-providers");
    return fromTemporaryCredentials({
      masterCredentials: chain,
      params: {
        RoleArn: assumeRole.role,
        RoleSessionName: sessionName(tenant),
        ...(assumeRole.externalId !== undefined && { ExternalId: assumeRole.externalId }),
        Tags: sessionTags(assumeRole, tenant),
      },
      clientConfig: {
        region: this.#options.region,
        ...(this.#options.baseUrl !== undefined && { endpoint: this.#options.baseUrl }),
      },
    })();
  }

  /** The library is large and needed by few: it is loaded when the first request is signed. */
  async #base(): Promise<Source> {
    const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
    const { profile } = this.#options;
    return fromNodeProviderChain(profile === undefined ? {} : { profile });
  }
}

/** How long they are good; a failure is forgotten soon. */
async function noteEnd(kept: Kept): Promise<void> {
  try {
    const { expiration } = await kept.credentials;
    if (expiration !== undefined) kept.goodUntilMs = expiration.getTime() - MARGIN_MS;
  } catch {
    kept.goodUntilMs = Date.now() + RETRY_MS;
  }
}

/** 2 to 64 of `[\w+=,.@-]`; two tenants never share one. */
export function sessionName(tenant: string): string {
  const plain = `switchyard-${tenant}`;
  if (/^[\w+=,.@-]{2,64}$/.test(plain)) return plain;
  const cut = plain.replace(/[^\w+=,.@-]/g, "-").slice(0, 51);
  return `${cut}-${hash("sha256", tenant).slice(0, 12)}`;
}

function sessionTags({ tags, tenantTag }: AssumeRole, tenant: string): { Key: string; Value: string }[] {
  return Object.entries({ ...tags, [tenantTag]: tenant }).map(([Key, value]) => ({
    Key,
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
    Value: value.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, "_").slice(0, 256),
  }));
}
