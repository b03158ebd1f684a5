-- One row for each exchange that is over, in partitions of a day so that old days leave at once.
create table exchange (
  started_at timestamptz not null,
  id uuid not null,
  duration_ms integer not null,
  status text not null,
  code text,
  dialect text not null,
  operation text not null,
  stream boolean not null,
  tenant text,
  end_user text,
  app text,
  feature text,
  workflow text,
  journey text,
  task text,
  latency text,
  sensitivity text,
  budget text,
  prompt text,
  key_id uuid,
  target text,
  provider text,
  model text,
  attempts smallint not null,
  -- From the start of the exchange to the start of its last attempt.
  attempt_ms integer,
  first_token_ms integer,
  input_tokens integer not null,
  cached_input_tokens integer not null,
  cache_write_input_tokens integer not null,
  output_tokens integer not null,
  reasoning_tokens integer not null,
  cost_nano bigint not null,
  estimated boolean not null,
  -- The part of the cost that no upstream reported.
  estimated_nano bigint not null,
  flagged boolean not null,
  config_hash bytea not null,
  decision bytea,
  -- What most exchanges lack: the error's sentence, attempts where there were several or one failed, tags.
  detail jsonb,
  booked_at timestamptz not null default clock_timestamp(),
  primary key (started_at, id)
) partition by range (started_at);

-- Days far from the database's own clock: nobody's clock makes partitions without end.
create table exchange_elsewhen partition of exchange default;

create index exchange_journey on exchange (journey) where journey is not null;

-- Why routes were chosen. Exchanges that were decided alike share a row a day; the day is the booking's.
create table decision (
  digest bytea not null,
  day date not null,
  body text not null,
  primary key (digest, day)
);

-- Sums by hour for every word that is not unbounded. The digest is of all the words: an index entry has room for 2.7 kB.
create table usage_hour (
  hour timestamptz not null,
  digest bytea not null,
  tenant text,
  app text,
  feature text,
  workflow text,
  task text,
  latency text,
  sensitivity text,
  prompt text,
  key_id uuid,
  target text,
  provider text,
  model text,
  dialect text not null,
  operation text not null,
  status text not null,
  exchanges bigint not null,
  estimated bigint not null,
  flagged bigint not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  cache_write_input_tokens bigint not null,
  output_tokens bigint not null,
  reasoning_tokens bigint not null,
  cost_nano numeric not null,
  estimated_cost_nano numeric not null,
  booked_at timestamptz not null,
  primary key (hour, digest)
);

-- Every configuration that ever decided anything, by the SHA-256 of its text.
create table config_version (
  hash bytea primary key,
  body text not null,
  first_loaded_at timestamptz not null,
  last_loaded_at timestamptz not null
);
