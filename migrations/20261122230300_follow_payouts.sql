set local lock_timeout = '5s';

-- Each account whose money is followed: the deployment's own at a provider (connection ''), or a merchant's connection.
-- Like the inbox, the three tables of what accounts hold stand outside the merchant-first rule: an account may serve
-- many merchants, and whose an entry is shows only when it is matched. Nobody but the jobs reads them.
create table provider_accounts (
  id uuid primary key,
  provider text not null,
  connection text not null default '' check (connection = '' or connection ~ '^[0-9a-f-]{36}$'),
  livemode boolean not null,
  -- Entries made before are mirrored; a round looks back further, for those that come late.
  mirrored_until timestamptz not null,
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
grant select, insert, update on provider_accounts to parley_maintenance;
create index provider_accounts_due on provider_accounts (next_attempt_at);

-- Entries of a shared account that belong to no merchant (yet).
create table unclaimed_entries (
  id uuid primary key,
  provider text not null,
  connection text not null,
  provider_ref text not null,
  -- The entry as the adapter read it, amounts as text.
  content jsonb not null,
  currency text not null,
  net bigint not null,
  payout_ref text,
  attempts integer not null default 0,
  next_attempt_at timestamptz,
  created_at timestamptz not null,
  unique (provider, connection, provider_ref)
);
grant select, insert, update, delete on unclaimed_entries to parley_maintenance;
create index unclaimed_entries_due on unclaimed_entries (next_attempt_at) where next_attempt_at is not null;
create index unclaimed_entries_by_payout on unclaimed_entries (provider, connection, payout_ref) where payout_ref is not null;

-- Payouts as the provider has them; `payouts` are the merchants' parts.
create table provider_payouts (
  id uuid primary key,
  provider text not null,
  connection text not null,
  provider_ref text not null,
  state text not null default 'unknown' check (state in ('unknown', 'pending', 'in_transit', 'paid', 'failed', 'canceled')),
  amount bigint,
  currency text,
  -- What of it belongs to no merchant.
  unclaimed bigint,
  composed_at timestamptz,
  attempts integer not null default 0,
  last_error text,
  next_attempt_at timestamptz,
  created_at timestamptz not null,
  unique (provider, connection, provider_ref)
);
grant select, insert, update on provider_payouts to parley_maintenance;
create index provider_payouts_due on provider_payouts (next_attempt_at) where next_attempt_at is not null;

-- A merchant's entries, and its parts of payouts.
create table balance_transactions (
  merchant_id uuid not null references merchants,
  id uuid not null,
  provider text not null,
  connection text not null default '',
  provider_ref text not null,
  kind text not null check (kind in ('charge', 'charge_failure', 'refund', 'refund_failure', 'dispute', 'dispute_reversal',
    'fee', 'payout', 'payout_reversal', 'payout_fee', 'reserve_hold', 'reserve_release', 'other')),
  type text not null,
  reporting_category text not null,
  amount bigint not null,
  fee bigint not null,
  net bigint not null,
  currency text not null check (currency ~ '^[a-z]{3}$'),
  description text check (length(description) <= 500),
  source_kind text check (source_kind in ('charge', 'refund', 'dispute', 'payout', 'other')),
  source_ref text,
  charge_ref text,
  -- Who books it: the slice whose charge, refund, dispute or payout it comes from; these entries themselves; or nobody
  -- yet, because what it comes from is not known here (yet).
  booked text not null check (booked in ('elsewhere', 'here', 'waiting')),
  available_on timestamptz not null,
  settlement_id uuid,
  -- The payout (of the provider) that took it.
  payout_ref text,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, connection, provider_ref),
  check (net = amount - fee),
  -- Nothing becomes available that is not in the books; a payout takes what is available.
  check (settlement_id is null or (booked <> 'waiting' and kind not in ('payout', 'payout_reversal')))
);
select parley_protect('balance_transactions', 'select, insert');
-- What the provider said stays; only what we make of it changes.
grant update (booked, settlement_id, payout_ref) on balance_transactions to parley_app;
create index balance_transactions_by_ref on balance_transactions (provider, connection, provider_ref);
create index balance_transactions_by_payout on balance_transactions (merchant_id, payout_ref) where payout_ref is not null;
create index balance_transactions_by_source on balance_transactions (merchant_id, source_ref);
create index balance_transactions_unsettled on balance_transactions (provider, connection, available_on, merchant_id)
  where settlement_id is null and kind not in ('payout', 'payout_reversal');

-- What became available of an account on a day, booked once; what is told later is a further part.
create table balance_settlements (
  merchant_id uuid not null references merchants,
  id uuid not null,
  provider text not null,
  connection text not null,
  currency text not null,
  available_on date not null,
  part integer not null check (part >= 1),
  amount bigint not null,
  entries integer not null check (entries >= 1),
  created_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, connection, currency, available_on, part)
);
select parley_protect('balance_settlements', 'select, insert');
alter table balance_transactions add foreign key (merchant_id, settlement_id) references balance_settlements;

create table payouts (
  merchant_id uuid not null references merchants,
  id uuid not null,
  provider text not null,
  connection text not null default '',
  provider_ref text not null,
  status text not null check (status in ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
  -- The merchant's part, negative where its entries in it are; and the whole.
  amount bigint not null,
  provider_amount bigint not null,
  currency text not null check (currency ~ '^[a-z]{3}$'),
  -- Whether the entries that are known add up to it: not told yet, they do, they do not, or the provider does not tell.
  composition text not null check (composition in ('pending', 'complete', 'partial', 'unavailable')),
  composed_amount bigint,
  automatic boolean not null,
  method text not null check (method in ('standard', 'instant')),
  arrival_date timestamptz not null,
  description text check (length(description) <= 500),
  statement_descriptor text,
  failure_code text,
  failure_message text,
  trace_ref text,
  entry_ref text,
  failure_entry_ref text,
  -- Who said that it is at the bank, and how the bank calls it; set exactly while that stands in the books.
  confirmed_by text check (confirmed_by in ('provider', 'bank')),
  bank_reference text check (length(bank_reference) between 1 and 200),
  received_at timestamptz,
  paid_transaction_id uuid,
  livemode boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, connection, provider_ref),
  unique (merchant_id, bank_reference),
  foreign key (merchant_id, paid_transaction_id) references ledger_transactions,
  check (num_nulls(confirmed_by, bank_reference, received_at, paid_transaction_id) in (0, 4)),
  -- What failed is not at the bank.
  check (status not in ('failed', 'canceled') or confirmed_by is null),
  check ((composition = 'pending' or composition = 'unavailable') = (composed_amount is null)),
  check (composition <> 'complete' or composed_amount = provider_amount)
);
select parley_protect('payouts', 'select, insert, update');
create index payouts_by_ref on payouts (provider, connection, provider_ref);

-- A payout that failed has failed: money that is on its way again is another payout.
create function payouts_keep_end() returns trigger language plpgsql as $$
begin
  raise exception 'payout % is %', old.provider_ref, old.status
    using errcode = 'check_violation', constraint = 'payouts_end_is_final';
end $$;
create trigger end_kept before update on payouts for each row
  when (old.status in ('failed', 'canceled') and new.status <> old.status) execute function payouts_keep_end();
alter table payouts enable always trigger end_kept;
