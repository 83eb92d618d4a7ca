set local lock_timeout = '5s';

-- Each account whose disputes are listed now and then, for those whose news were lost: the deployment's own at a provider
-- (connection ''), or a merchant's connection. Like the accounts whose money is followed it stands outside the
-- merchant-first rule: the deployment's account serves many merchants. Nobody but the jobs reads it.
create table dispute_looks (
  id uuid primary key,
  provider text not null,
  connection text not null default '' check (connection = '' or connection ~ '^[0-9a-f-]{36}$'),
  -- Disputes opened before have been looked at; a round looks back further.
  looked_until timestamptz not null,
  -- The round that is under way, and the page it has come to.
  round_started_at timestamptz,
  round_cursor text,
  attempts integer not null default 0,
  last_error text,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  unique (provider, connection),
  check (round_started_at is not null or round_cursor is null)
);
grant select, insert, update on dispute_looks to parley_maintenance;
create index dispute_looks_due on dispute_looks (next_attempt_at);

-- News and lists name a dispute by the provider's ref, and do not say whose it is.
create index disputes_by_ref on disputes (provider, provider_ref);
