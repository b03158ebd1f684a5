-- What prompt caches saved: the input's cost without any cache less what it cost; less than nothing where writing cost more
-- than reading saved.
alter table exchange add column cache_saved_nano bigint not null default 0;
alter table usage_hour add column cache_saved_nano numeric not null default 0;
