set local lock_timeout = '5s';

-- The merchants the current transaction acts for, set by set_config('parley.merchants', …, true). Unset means none.
create function parley_merchants() returns uuid[] language sql stable parallel safe
  return string_to_array(nullif(current_setting('parley.merchants', true), ''), ',')::uuid[];

-- Row-level security for a table with a merchant_id: the application sees the merchants of its transaction, the
-- maintenance role reads all of them. Forced, so that not even the owner reads across merchants by accident.
create function parley_protect(target regclass, privileges text default 'select, insert, update, delete') returns void
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy own_merchant on %s to parley_app using (merchant_id = any(parley_merchants())) '
    'with check (merchant_id = any(parley_merchants()))', target);
  execute format('create policy every_merchant on %s to parley_maintenance using (true) with check (true)', target);
  execute format('grant %s on %s to parley_app', privileges, target);
  execute format('grant select on %s to parley_maintenance', target);
end $$;

-- For tables that only grow. A statement-level trigger fires for every role and also when no row matches.
create function parley_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: the ledger only grows; post a reversing transaction', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end $$;

create function parley_append_only(target regclass) returns void language plpgsql as $$
begin
  execute format('create trigger append_only before update or delete or truncate on %s '
    'for each statement execute function parley_refuse_change()', target);
  execute format('alter table %s enable always trigger append_only', target);
end $$;

create table merchants (
  merchant_id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  settings jsonb not null default '{}',
  created_at timestamptz not null
);
select parley_protect('merchants', 'select, insert, update');

create table api_keys (
  merchant_id uuid not null references merchants,
  id uuid not null,
  role text not null check (role in ('service', 'merchant', 'bot', 'finance', 'platform')),
  name text not null default '',
  livemode boolean not null,
  hash bytea not null check (length(hash) = 32),
  hint text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  expires_at timestamptz,
  primary key (merchant_id, id),
  unique (merchant_id, hash)
);
select parley_protect('api_keys', 'select, insert, update');

create table idempotency_keys (
  merchant_id uuid not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint bytea not null,
  -- The id that the request's new object gets, so that a request taken over after a crash finds what it made.
  resource_id uuid not null,
  locked_until timestamptz,
  status smallint,
  body text,
  created_at timestamptz not null,
  primary key (merchant_id, key),
  check ((status is null) = (body is null))
);
select parley_protect('idempotency_keys');
create index idempotency_keys_age on idempotency_keys (created_at);
grant delete on idempotency_keys to parley_maintenance;
