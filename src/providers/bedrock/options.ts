import type { AssumeRole } from "../aws/credentials.ts";

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

/** How images and documents that a request names by address are fetched. */
export interface MediaOptions {
  readonly fetch: boolean;
  /** Networks in CIDR form that may be asked though they are not public. */
  readonly allow: readonly string[];
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly timeoutMs: number;
}
