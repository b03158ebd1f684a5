import type { Generated, Kysely } from "kysely";

/** The tables, as the migrations make them. */
export interface Tables {
  api_key: {
    id: string;
    prefix: string;
    digest: Buffer;
    tenant: string;
    name: string | null;
    /** jsonb; what it holds is policy's business. Written as text, read as a value. */
    rights: unknown;
    created_at: Date;
    expires_at: Date | null;
    revoked_at: Date | null;
    changed_at: Generated<Date>;
  };
  setting: {
    name: string;
    value: string;
  };
}

/** PostgreSQL, embedded or real: one dialect, one driver, one set of migrations. */
export interface Database {
  readonly kind: "embedded" | "postgresql";
  /** Whether other processes may write to it, so that what is cached must be asked for again. */
  readonly shared: boolean;
  readonly tables: Kysely<Tables>;
  close(): Promise<void>;
}
