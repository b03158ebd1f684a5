/** What a `bedrock` provider needs, secrets resolved. */
export interface BedrockOptions {
  readonly region: string;
  /** Instead of the region's own address: a VPC endpoint, an emulator; of what is not AWS's, STS and control plane are asked, too. */
  readonly baseUrl: string | undefined;
  /** A Bedrock API key; without one requests are signed with credentials. */
  readonly apiKey: string | undefined;
  /** A profile of the shared AWS configuration; the standard chain where absent. */
  readonly profile: string | undefined;
  readonly assumeRole: AssumeRole | undefined;
  /** Whether the exchange's id and tenant go into AWS's own invocation log. */
  readonly requestMetadata: boolean;
  /** Connections at most. */
  readonly connections: number;
  readonly media: MediaOptions;
}

/** Whether an address is one of AWS's own, which serves one service. */
export function isAws(url: string): boolean {
  return /\.amazonaws\.com(\.cn)?$|\.api\.aws$/.test(new URL(url).hostname);
}

/** A role that is taken for each tenant, so that AWS's own bills tell tenants apart. */
export interface AssumeRole {
  readonly role: string;
  readonly externalId: string | undefined;
  /** The session tag that bears the tenant. */
  readonly tenantTag: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** How images and documents that a request names by address are fetched. */
export interface MediaOptions {
  readonly fetch: boolean;
  /** Networks in CIDR form that may be asked though they are not public. */
  readonly allow: readonly string[];
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly timeoutMs: number;
}
