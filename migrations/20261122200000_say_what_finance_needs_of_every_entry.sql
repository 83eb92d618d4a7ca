set local lock_timeout = '5s';

-- The currency a merchant keeps its books in; every entry also says its value in it.
alter table merchants add column base_currency text not null default 'eur' check (base_currency ~ '^[a-z]{3}$');

-- Append-only: a later row of the same day replaces an earlier one for what is booked from then on.
create table ledger_exchange_rates (
  merchant_id uuid not null references merchants,
  id uuid not null,
  currency text not null check (currency ~ '^[a-z]{3}$'),
  effective_on date not null,
  -- Units of the base currency for one unit of `currency`, both major units.
  rate numeric(24, 12) not null check (rate > 0),
  source text not null default '' check (length(source) <= 200),
  created_at timestamptz not null,
  primary key (merchant_id, id)
);
select parley_protect('ledger_exchange_rates', 'select, insert');
select parley_append_only('ledger_exchange_rates');
create index ledger_exchange_rates_by_day on ledger_exchange_rates (merchant_id, currency, effective_on desc, id desc);

-- Digits after the decimal point (ISO 4217), as kernel/currencies.ts has them; a test compares the two. In PL/pgSQL, because
-- the planner would unfold an SQL function into every posting (measured: a tenth of its planning).
create function ledger_exponent(currency text) returns int language plpgsql immutable parallel safe as $$
begin
  return case
    when currency in ('bif', 'clp', 'djf', 'gnf', 'isk', 'jpy', 'kmf', 'krw', 'pyg', 'rwf', 'ugx', 'vnd', 'vuv', 'xaf', 'xof', 'xpf') then 0
    when currency in ('bhd', 'iqd', 'jod', 'kwd', 'lyd', 'omr', 'tnd') then 3
    else 2 end;
end $$;

-- An account is a code in a currency and, for wallets and holds, of a holder.
alter table ledger_accounts add column holder text not null default '' check (length(holder) <= 200);
alter table ledger_accounts drop constraint ledger_accounts_merchant_id_code_currency_key;
-- In this order for the reason that ledger_transactions has: led by merchant_id, a planner without statistics read every
-- account of the merchant for each entry (measured: 240 ms with 100,000 wallets).
alter table ledger_accounts add constraint ledger_accounts_key unique (code, currency, holder, merchant_id);

alter table ledger_transactions
  add column base_currency text not null default 'eur' check (base_currency ~ '^[a-z]{3}$'),
  add column reverses_id uuid,
  -- The date it happened, when that lies in a closed period and it was booked into the first open one.
  add column original_effective_at timestamptz check (original_effective_at < effective_at),
  -- When the provider makes the money available.
  add column value_at timestamptz,
  -- Names of it elsewhere: provider, object, balance_transaction, payout, order, message …
  add column refs jsonb not null default '{}' check (jsonb_typeof(refs) = 'object'),
  add foreign key (merchant_id, reverses_id) references ledger_transactions;
alter table ledger_transactions alter column base_currency drop default;
create unique index ledger_reversed_once on ledger_transactions (merchant_id, reverses_id) where reverses_id is not null;
create index ledger_transactions_by_effect on ledger_transactions (merchant_id, effective_at, id);
-- The sealer's order.
create index ledger_transactions_by_commit on ledger_transactions (xid, id);
grant insert (base_currency, reverses_id, original_effective_at, value_at, refs) on ledger_transactions to parley_app;

-- Signed like `amount`, minor units of the transaction's base currency; 0 when no rate was known.
alter table ledger_entries add column base_amount bigint not null default 0;
alter table ledger_entries alter column base_amount drop default;

-- Wallets and holds owe money to somebody and never go below zero (debit): a balance that this CHECK watches, kept by
-- triggers alone. The only rows of the ledger that two payments wait for, and only payments of one holder do.
create table ledger_guarded_balances (
  merchant_id uuid not null,
  account_id uuid not null,
  balance bigint not null constraint ledger_never_negative check (balance <= 0),
  primary key (merchant_id, account_id),
  foreign key (merchant_id, account_id) references ledger_accounts
);
select parley_protect('ledger_guarded_balances', 'select');
create policy by_trigger on ledger_guarded_balances to parley_owner using (true) with check (true);

create function ledger_guard_account() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  if new.code in ('2020', '2030', '2031', '2032') then
    insert into ledger_guarded_balances values (new.merchant_id, new.id, 0);
  end if;
  return null;
end $$;
create trigger guarded after insert on ledger_accounts for each row execute function ledger_guard_account();
alter table ledger_accounts enable always trigger guarded;

create function ledger_keep_guarded() returns trigger language plpgsql security definer
set search_path = public, pg_temp as $$
begin
  -- In one order, so that two payments between the same wallets wait for each other instead of deadlocking.
  perform from ledger_guarded_balances g
    where (g.merchant_id, g.account_id) in (select e.merchant_id, e.account_id from new_entries e)
    order by g.merchant_id, g.account_id for no key update;
  if not found then return null; end if;
  update ledger_guarded_balances g set balance = g.balance + n.amount
    from (select merchant_id, account_id, sum(amount) as amount from new_entries group by 1, 2) n
    where g.merchant_id = n.merchant_id and g.account_id = n.account_id;
  return null;
end $$;

-- Every period up to here is closed. Append-only: the row with the highest number is what holds.
create table ledger_period_locks (
  merchant_id uuid not null references merchants,
  number int not null check (number > 0),
  -- `closing` stops new entries; `closed` follows when all that were under way are sealed.
  action text not null check (action in ('closing', 'closed', 'reopened')),
  -- First day that is open. Months are those of UTC.
  closed_until date not null check (extract(day from closed_until) = 1),
  proposal_id uuid not null,
  as_of_seq bigint,
  trial_balance_sha256 bytea check (length(trial_balance_sha256) = 32),
  created_at timestamptz not null,
  primary key (merchant_id, number),
  check ((action = 'closed') = (as_of_seq is not null and trial_balance_sha256 is not null))
);
select parley_protect('ledger_period_locks', 'select, insert');
select parley_append_only('ledger_period_locks');

-- First moment that may be booked on; null when no period is closed.
create function ledger_open_from(merchant uuid) returns timestamptz language plpgsql stable as $$
begin
  return (select closed_until::timestamp at time zone 'UTC' from ledger_period_locks
    where merchant_id = merchant order by number desc limit 1);
end $$;

-- Statement level. 40001: the writer saw no lock when it began; tried again it books into the first open period.
create function ledger_check_period() returns trigger language plpgsql as $$
declare bad record;
begin
  -- Only read committed sees a lock that was committed since the transaction began.
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the ledger is booked in read committed, not in %', current_setting('transaction_isolation');
  end if;
  select n.id, n.effective_at into bad from (select distinct merchant_id from new_transactions) m
    join new_transactions n on n.merchant_id = m.merchant_id
    where n.effective_at < ledger_open_from(m.merchant_id) limit 1;
  if found then
    raise exception 'ledger transaction % is of % and that period is closed', bad.id, bad.effective_at
      using errcode = 'serialization_failure', constraint = 'ledger_period_closed';
  end if;
  return null;
end $$;
create trigger period_open after insert on ledger_transactions referencing new table as new_transactions
  for each statement execute function ledger_check_period();
alter table ledger_transactions enable always trigger period_open;

-- The reviewer of a statement's entries: as before, and balanced in the base currency.
create or replace function ledger_check_balance() returns trigger language plpgsql as $$
declare bad record;
begin
  select transaction_id, currency, sum(amount) as rest into bad
    from new_entries group by merchant_id, transaction_id, currency having sum(amount) <> 0 limit 1;
  if found then
    raise exception 'ledger transaction % is unbalanced by % %', bad.transaction_id, bad.rest, bad.currency
      using errcode = 'check_violation', constraint = 'ledger_balanced';
  end if;
  select transaction_id, sum(base_amount) as rest into bad
    from new_entries group by merchant_id, transaction_id having sum(base_amount) <> 0 limit 1;
  if found then
    raise exception 'ledger transaction % is unbalanced by % in the base currency', bad.transaction_id, bad.rest
      using errcode = 'check_violation', constraint = 'ledger_base_balanced';
  end if;
  -- Here and below a look-up per entry and no join: a session keeps its plan, and one that was made while the ledger
  -- was small read all transactions for every entry (measured: 50 ms per batch of 64 events at 3,000 transactions).
  select e.transaction_id into bad from new_entries e
    where (select t.xid from ledger_transactions t where t.merchant_id = e.merchant_id and t.id = e.transaction_id)
      is distinct from pg_current_xact_id() limit 1;
  if found then
    raise exception 'ledger transaction % is closed: entries are written with it or never', bad.transaction_id
      using errcode = 'check_violation', constraint = 'ledger_closed';
  end if;
  select e.transaction_id into bad from new_entries e
    where (select a.currency from ledger_accounts a where a.merchant_id = e.merchant_id and a.id = e.account_id)
      <> e.currency limit 1;
  if found then
    raise exception 'ledger transaction % books a currency on an account of another', bad.transaction_id
      using errcode = 'check_violation', constraint = 'ledger_currency';
  end if;
  return null;
end $$;

create or replace function ledger_guard_entries(target regclass) returns void language plpgsql as $$
begin
  execute format('create trigger balanced after insert on %s referencing new table as new_entries '
    'for each statement execute function ledger_check_balance()', target);
  execute format('alter table %s enable always trigger balanced', target);
  execute format('create trigger guarded after insert on %s referencing new table as new_entries '
    'for each statement execute function ledger_keep_guarded()', target);
  execute format('alter table %s enable always trigger guarded', target);
  perform parley_append_only(target);
end $$;
-- The tables that were guarded before: the parent and its partitions.
do $$
declare target regclass;
begin
  for target in select 'ledger_entries'::regclass
    union all select inhrelid::regclass from pg_inherits where inhparent = 'ledger_entries'::regclass
  loop
    execute format('create trigger guarded after insert on %s referencing new table as new_entries '
      'for each statement execute function ledger_keep_guarded()', target);
    execute format('alter table %s enable always trigger guarded', target);
  end loop;
end $$;
