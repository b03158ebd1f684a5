/** Who sent a request. */
export interface Identity {
  readonly kind: "sigv4" | "session" | "api-key" | "short-term-key" | "open";
  /** Quotas and the prompt cache are per account. */
  readonly account: string;
  readonly accessKeyId: string | undefined;
  /** Of the signature's scope. */
  readonly region: string | undefined;
  readonly sessionName: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Credentials that AssumeRole gave out. */
export interface Session extends KeyPair {
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly account: string;
  readonly roleName: string;
  readonly sessionName: string;
  readonly tags: Readonly<Record<string, string>>;
}
