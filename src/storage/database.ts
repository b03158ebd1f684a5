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
  exchange: ExchangeTable;
  decision: {
    digest: Buffer;
    day: Date;
    body: string;
  };
  usage_hour: UsageHourTable;
  stored_response: {
    tenant: string;
    id: string;
    previous_id: string | null;
    created_at: Date;
    sensitivity: string;
    input: string;
    body: string;
  };
  stored_item: {
    tenant: string;
    id: string;
    response_id: string;
  };
  config_version: {
    hash: Buffer;
    body: string;
    first_loaded_at: Date;
    last_loaded_at: Date;
  };
}

/** Words of the context, and what an exchange was served by, as both tables of the ledger have them. */
interface LedgerWords {
  tenant: string | null;
  app: string | null;
  feature: string | null;
  workflow: string | null;
  task: string | null;
  latency: string | null;
  sensitivity: string | null;
  prompt: string | null;
  key_id: string | null;
  target: string | null;
  provider: string | null;
  model: string | null;
  dialect: string;
  operation: string;
  status: string;
}

interface ExchangeTable extends LedgerWords {
  started_at: Date;
  id: string;
  duration_ms: number;
  code: string | null;
  stream: boolean;
  end_user: string | null;
  journey: string | null;
  budget: string | null;
  attempts: number;
  attempt_ms: number | null;
  first_token_ms: number | null;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  /** bigint, as text */
  cost_nano: string;
  estimated: boolean;
  estimated_nano: string;
  /** bigint, as text */
  cache_saved_nano: Generated<string>;
  flagged: boolean;
  config_hash: Buffer;
  decision: Buffer | null;
  /** jsonb; what it holds is telemetry's business. */
  detail: unknown;
  booked_at: Generated<Date>;
}

/** Sums are bigint or numeric, and come as text. */
interface UsageHourTable extends LedgerWords {
  hour: Date;
  digest: Buffer;
  exchanges: string;
  estimated: string;
  flagged: string;
  input_tokens: string;
  cached_input_tokens: string;
  cache_write_input_tokens: string;
  output_tokens: string;
  reasoning_tokens: string;
  cost_nano: string;
  estimated_cost_nano: string;
  cache_saved_nano: Generated<string>;
  booked_at: Date;
}

/** PostgreSQL, embedded or real: one dialect, one driver, one set of migrations. */
export interface Database {
  readonly kind: "embedded" | "postgresql";
  /** Whether other processes may write to it, so that what is cached must be asked for again. */
  readonly shared: boolean;
  readonly tables: Kysely<Tables>;
  close(): Promise<void>;
}
