import { COLUMNS, type Column } from "../../telemetry/record-line.ts";

/** How a column is read where it is not text. */
const TYPES: Partial<Record<Column, (text: string, json: string) => string>> = {
  id: (text) => `(${text})::uuid`,
  startedAtMs: (text) =>
    `timestamptz 'epoch' + (${text})::bigint / 1000 * interval '1 second' + (${text})::bigint % 1000 * interval '1 millisecond'`,
  durationMs: integer,
  stream: (text) => `(${text})::boolean`,
  key: (text) => `(${text})::uuid`,
  attempts: (text) => `(${text})::smallint`,
  attemptMs: (text) => `(${text})::integer`,
  firstTokenMs: (text) => `(${text})::integer`,
  inputTokens: integer,
  cachedInputTokens: integer,
  cacheWriteInputTokens: integer,
  outputTokens: integer,
  reasoningTokens: integer,
  costNano: (text) => `(${text})::bigint`,
  estimated: (text) => `(${text})::boolean`,
  estimatedNano: (text) => `coalesce((${text})::bigint, 0)`,
  cacheSavedNano: (text) => `coalesce((${text})::bigint, 0)`,
  flagged: (text) => `(${text})::boolean`,
  configHash: (text) => `decode(${text}, 'hex')`,
  detail: (_text, json) => `nullif(${json}, 'null'::jsonb)`,
};

/**
 * Books a batch of records in one statement, and so in one transaction: the rows, the decisions behind them, and the
 * sums by hour. Only rows that were not there yet are added to the sums, so that a batch that comes again changes nothing.
 *
 * $1 is a JSON list of lists in the order of COLUMNS, each with the digest of its decision behind it; $2 the texts of
 * decisions that no earlier batch had, as [digest, text].
 */
export const BOOK = `
with decided as (
  insert into decision (digest, day, body)
  select decode(d->>0, 'hex'), (now() at time zone 'UTC')::date, d->>1 from jsonb_array_elements($2::jsonb) as d
  order by 1
  on conflict do nothing
), booked as (
  insert into exchange (started_at, id, duration_ms, status, code, dialect, operation, stream, tenant, end_user, app,
    feature, workflow, journey, task, latency, sensitivity, budget, prompt, key_id, target, provider, model, attempts,
    attempt_ms, first_token_ms, input_tokens, cached_input_tokens, cache_write_input_tokens, output_tokens,
    reasoning_tokens, cost_nano, estimated, estimated_nano, flagged, config_hash, decision, detail, cache_saved_nano)
  select "startedAtMs", id, "durationMs", status, code, dialect, operation, stream, tenant, "user", app, feature,
    workflow, journey, task, latency, sensitivity, budget, prompt, key, target, provider, model, attempts, "attemptMs",
    "firstTokenMs", "inputTokens", "cachedInputTokens", "cacheWriteInputTokens", "outputTokens", "reasoningTokens",
    "costNano", estimated, "estimatedNano", flagged, "configHash", decision, detail, "cacheSavedNano"
  from (
  select ${COLUMNS.map((column, index) => value(column, index)).join(",\n    ")},
    decode(r->>${COLUMNS.length}, 'hex') as decision
  from jsonb_array_elements($1::jsonb) as r
  ) as line
  on conflict do nothing
  returning started_at, tenant, app, feature, workflow, task, latency, sensitivity, prompt, key_id, target, provider, model,
    dialect, operation, status, estimated, flagged, input_tokens, cached_input_tokens, cache_write_input_tokens,
    output_tokens, reasoning_tokens, cost_nano, estimated_nano, cache_saved_nano
), summed as (
  select date_trunc('hour', started_at, 'UTC') as hour, tenant, app, feature, workflow, task, latency, sensitivity,
    prompt, key_id, target, provider, model, dialect, operation, status,
    count(*) as exchanges, count(*) filter (where estimated) as estimated, count(*) filter (where flagged) as flagged,
    sum(input_tokens) as input_tokens, sum(cached_input_tokens) as cached_input_tokens,
    sum(cache_write_input_tokens) as cache_write_input_tokens, sum(output_tokens) as output_tokens,
    sum(reasoning_tokens) as reasoning_tokens, sum(cost_nano) as cost_nano,
    sum(estimated_nano) as estimated_cost_nano, sum(cache_saved_nano) as cache_saved_nano
  from booked
  group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
), rolled as (
  insert into usage_hour
  select hour, sha256(convert_to(row(tenant, app, feature, workflow, task, latency, sensitivity, prompt, key_id, target,
      provider, model, dialect, operation, status)::text, 'UTF8')),
    tenant, app, feature, workflow, task, latency, sensitivity, prompt, key_id, target, provider, model, dialect,
    operation, status, exchanges, estimated, flagged, input_tokens, cached_input_tokens, cache_write_input_tokens,
    output_tokens, reasoning_tokens, cost_nano, estimated_cost_nano, now(), cache_saved_nano
  from summed
  -- Nodes that book at the same time take the same rows in the same order.
  order by 1, 2
  on conflict (hour, digest) do update set
    ${sums()},
    booked_at = excluded.booked_at
)
select count(*) as booked from booked`;

function value(column: Column, index: number): string {
  const text = `r->>${index}`;
  const type = TYPES[column];
  return `${type === undefined ? text : type(text, `r->${index}`)} as "${column}"`;
}

function integer(text: string): string {
  return `coalesce((${text})::integer, 0)`;
}

function sums(): string {
  return [
    "exchanges",
    "estimated",
    "flagged",
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cost_nano",
    "estimated_cost_nano",
    "cache_saved_nano",
  ]
    .map((name) => `${name} = usage_hour.${name} + excluded.${name}`)
    .join(",\n    ");
}
