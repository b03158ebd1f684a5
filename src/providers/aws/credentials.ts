import { hash } from "node:crypto";
import { isAws } from "./address.ts";

/** What requests are signed with. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Where credentials come from. */
export interface CredentialOptions {
  readonly region: string;
  /** Instead of the service's own address; of what is not AWS's, STS is asked, too. */
  readonly baseUrl: string | undefined;
  /** A profile of the shared AWS configuration; the standard chain where absent. */
  readonly profile: string | undefined;
  readonly assumeRole: AssumeRole | undefined;
}

/** A role that is taken for each tenant, so that AWS's own bills tell tenants apart. */
export interface AssumeRole {
  readonly role: string;
  readonly externalId: string | undefined;
  /** The session tag that bears the tenant. */
  readonly tenantTag: string;
  readonly tags: Readonly<Record<string, string>>;
}

type Source = () => Promise<AwsCredentials>;

/** Credentials are renewed so long before they end. */
const MARGIN_MS = 5 * 60_000;
/** And not used any more so long before it: a request under way must not lose them. */
const LAST_MS = 15_000;
/** Those that tell no end are looked for again after so long: shared files are rotated. */
const UNENDING_MS = 15 * 60_000;
/** After a failure nobody is asked again for so long: STS limits how often it may be asked. */
const RETRY_MS = 1_000;
const DEADLINE_MS = 10_000;
/** Tenants whose credentials are kept. */
const MOST_KEPT = 10_000;

/** Credentials younger than that are not to blame for a refusal. */
const FORGET_AFTER_MS = 10_000;

interface Kept {
  /** Those that hold, or the failure to have any. */
  credentials: Promise<AwsCredentials>;
  /** Unix milliseconds: when others are looked for, and when these are of no use any more. */
  renewAtMs: number;
  endsAtMs: number;
  isRenewing: boolean;
  readonly since: number;
}

/**
 * Credentials from the standard chain (environment, shared files, container, instance), or for each tenant from a role
 * that is taken in its name. Roles bear the tenant as a session tag, so that bills tell tenants apart; the tenant comes
 * from the key and never from a header.
 */
export class Credentials {
  readonly #options: CredentialOptions;
  readonly #kept = new Map<string, Kept>();

  constructor(options: CredentialOptions) {
    this.#options = options;
  }

  /** @throws Error where none can be had */
  get(tenant: string): Promise<AwsCredentials> {
    const name = this.#nameOf(tenant);
    const now = Date.now();
    const kept = this.#kept.get(name);
    if (kept === undefined || kept.endsAtMs <= now) return this.#fresh(name, tenant).credentials;
    if (kept.renewAtMs <= now && !kept.isRenewing) void this.#renew(kept, tenant);
    return kept.credentials;
  }

  /** The service takes them no more: the next request looks for others. */
  forget(tenant: string): void {
    const name = this.#nameOf(tenant);
    const kept = this.#kept.get(name);
    // A role that may not do what it is asked to is refused however often it is taken.
    if (kept !== undefined && Date.now() - kept.since > FORGET_AFTER_MS) this.#kept.delete(name);
  }

  #nameOf(tenant: string): string {
    return this.#options.assumeRole === undefined ? "" : tenant;
  }

  #fresh(name: string, tenant: string): Kept {
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    const never = Number.POSITIVE_INFINITY;
    const kept: Kept = {
      credentials: this.#ask(tenant),
      renewAtMs: never,
      endsAtMs: never,
      isRenewing: false,
      since: Date.now(),
    };
    this.#kept.set(name, kept);
    void noteEnd(kept);
    return kept;
  }

  /** Those that still hold are used until others are there, and longer where there are none. */
  async #renew(kept: Kept, tenant: string): Promise<void> {
    kept.isRenewing = true;
    try {
      const credentials = await this.#ask(tenant);
      kept.credentials = Promise.resolve(credentials);
      setTimes(kept, credentials);
    } catch {
      kept.renewAtMs = Date.now() + RETRY_MS;
    } finally {
      kept.isRenewing = false;
    }
  }

  /** Whoever does not answer is no source: what waits for it must not wait for good. */
  async #ask(tenant: string): Promise<AwsCredentials> {
    const { promise, reject } = Promise.withResolvers<never>();
    const deadline = setTimeout(
      () => reject(new Error(`no credentials within ${DEADLINE_MS} ms`)),
      DEADLINE_MS,
    );
    try {
      return await Promise.race([this.#find(tenant), promise]);
    } finally {
      clearTimeout(deadline);
    }
  }

  async #find(tenant: string): Promise<AwsCredentials> {
    const { assumeRole, baseUrl } = this.#options;
    const chain = await this.#base();
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
        // There is one retry policy, and it is not here.
        maxAttempts: 1,
        region: this.#options.region,
        ...(baseUrl !== undefined && !isAws(baseUrl) && { endpoint: baseUrl }),
      },
    })();
  }

  /**
   * The library is large and needed by few: it is loaded when the first request is signed. The chain is made anew each time,
   * because it keeps what it once found.
   */
  async #base(): Promise<Source> {
    const { fromNodeProviderChain } = await import("@aws-sdk/credential-providers");
    const { profile } = this.#options;
    return fromNodeProviderChain({ ignoreCache: true, ...(profile !== undefined && { profile }) });
  }
}

async function noteEnd(kept: Kept): Promise<void> {
  try {
    setTimes(kept, await kept.credentials);
  } catch {
    kept.endsAtMs = Date.now() + RETRY_MS;
  }
}

function setTimes(kept: Kept, { expiration }: AwsCredentials): void {
  if (expiration === undefined) {
    kept.renewAtMs = Date.now() + UNENDING_MS;
    return;
  }
  const now = Date.now();
  const half = Math.max(0, expiration.getTime() - now) / 2;
  // Of those that live shortly half their life counts, so that not every request looks for others.
  kept.renewAtMs = Math.max(now + RETRY_MS, expiration.getTime() - Math.min(MARGIN_MS, half));
  kept.endsAtMs = expiration.getTime() - Math.min(LAST_MS, half);
}

/** 2 to 64 of `[\w+=,.@-]`; two tenants never share one. */
export function sessionName(tenant: string): string {
  const plain = `switchyard-${tenant}`;
  if (/^[\w+=,.@-]{2,64}$/.test(plain)) return plain;
  const cut = plain.replace(/[^\w+,.@-]/g, "-").slice(0, 51);
  // Names of tenants hold no "=".
  return `${cut}=${hash("sha256", tenant).slice(0, 12)}`;
}

function sessionTags({ tags, tenantTag }: AssumeRole, tenant: string): { Key: string; Value: string }[] {
  return Object.entries({ ...tags, [tenantTag]: tenant }).map(([Key, value]) => ({
    Key,
    // https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
    Value: value.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, "_").slice(0, 256),
  }));
}
