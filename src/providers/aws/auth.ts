import { HttpRequest } from "@smithy/protocol-http";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials, AwsCredentials } from "./credentials.ts";
import { NodeSha256 } from "./node-hash.ts";

/** A request to be sent, before it is authorised. */
export interface Unsigned {
  readonly method: "POST" | "GET";
  /** Encoded once, as it goes over the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string | undefined;
}

/** Adds what proves who asks: at once where that is a key, later where it is a signature. */
export interface Authoriser {
  authorise(request: Unsigned, tenant: string): Record<string, string> | Promise<Record<string, string>>;
  /** What proved it was refused. */
  refused(tenant: string): void;
}

/**
 * An API key of one service.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html,
 * https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-openai-compatible.html
 */
export function bearerAuthoriser(apiKey: string): Authoriser {
  const authorization = `Bearer ${apiKey}`;
  return { authorise: ({ headers }) => ({ ...headers, authorization }), refused() {} };
}

/** What a signature is for. */
export interface Scope {
  /** As it stands in signatures: `bedrock`, also for its runtime; `sagemaker`. */
  readonly service: string;
  readonly region: string;
  readonly host: string;
}

/** AWS Signature Version 4. The path is encoded once more for the signature. The signer keeps the key of the day. */
export function signingAuthoriser(credentials: Credentials, { service, region, host }: Scope): Authoriser {
  const signers = new WeakMap<AwsCredentials, SignatureV4>();
  const signerFor = (own: AwsCredentials): SignatureV4 => {
    let signer = signers.get(own);
    if (signer === undefined) {
      signer = new SignatureV4({ service, region, credentials: own, sha256: NodeSha256 });
      signers.set(own, signer);
    }
    return signer;
  };
  return {
    refused: (tenant) => credentials.forget(tenant),
    async authorise({ method, path, headers, body }, tenant) {
      const own = await credentials.get(tenant);
      const request = new HttpRequest({ method, path, hostname: host, headers: { ...headers, host }, body });
      return (await signerFor(own).sign(request)).headers;
    },
  };
}
