-- Keys that clients send, and small facts that every node must share.
create table api_key (
  id uuid primary key,
  prefix text not null unique,
  digest bytea not null,
  tenant text not null,
  name text,
  rights jsonb not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz,
  changed_at timestamptz not null default clock_timestamp()
);

-- Nodes that share a PostgreSQL ask for what changed since they last looked.
create index api_key_changed_at on api_key (changed_at);

create table setting (
  name text primary key,
  value text not null
);
