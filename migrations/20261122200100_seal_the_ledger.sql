set local lock_timeout = '5s';

-- The order of the ledger for everyone who reads it in pieces: gapless per merchant, written by the sealer alone once
-- a transaction is final, each hash made of the one before it and of all that the transaction says.
create table ledger_seals (
  merchant_id uuid not null,
  seq bigint not null check (seq > 0),
  transaction_id uuid not null,
  hash bytea not null check (length(hash) = 32),
  sealed_at timestamptz not null,
  primary key (merchant_id, seq),
  unique (merchant_id, transaction_id),
  foreign key (merchant_id, transaction_id) references ledger_transactions
);
select parley_protect('ledger_seals', 'select');
grant insert on ledger_seals to parley_maintenance;
select parley_append_only('ledger_seals');

-- Heads of the chain, signed (Ed25519), so that a chain made anew from the start is found too.
create table ledger_checkpoints (
  merchant_id uuid not null,
  seq bigint not null,
  hash bytea not null check (length(hash) = 32),
  key_id text not null,
  signature bytea not null check (length(signature) = 64),
  created_at timestamptz not null,
  primary key (merchant_id, seq),
  foreign key (merchant_id, seq) references ledger_seals
);
select parley_protect('ledger_checkpoints', 'select');
grant insert on ledger_checkpoints to parley_maintenance;
select parley_append_only('ledger_checkpoints');

-- How far the sealer is. `cluster` is the database system the xids belong to: after a restore into another one
-- they mean nothing, and what is unsealed is sealed once under a lock.
create table ledger_sealer (
  single boolean primary key default true check (single),
  cluster text not null,
  last_xid xid8 not null,
  last_id uuid not null,
  updated_at timestamptz not null
);
grant select, insert, update on ledger_sealer to parley_maintenance;
grant select on ledger_sealer to parley_app;
insert into ledger_sealer
  select true, system_identifier::text, '0', '00000000-0000-0000-0000-000000000000', now() from pg_control_system();

-- After a restore: nobody books while the sealer looks at what is there. A function, because the sealer's role may not
-- write to the table and so may not lock it.
create function ledger_stop_writers() returns void language sql security definer
set search_path = public, pg_temp as 'lock table ledger_transactions in share mode';
revoke all on function ledger_stop_writers() from public;
grant execute on function ledger_stop_writers() to parley_maintenance;

-- Sums of sealed entries by the day and by the month they took effect; final, hence exact.
create table ledger_rollups (
  merchant_id uuid not null,
  account_id uuid not null,
  span text not null check (span in ('day', 'month')),
  starts_on date not null,
  debit bigint not null check (debit >= 0),
  credit bigint not null check (credit >= 0),
  base_debit bigint not null check (base_debit >= 0),
  base_credit bigint not null check (base_credit >= 0),
  primary key (merchant_id, span, account_id, starts_on),
  foreign key (merchant_id, account_id) references ledger_accounts
);
select parley_protect('ledger_rollups', 'select');
grant insert, update on ledger_rollups to parley_maintenance;

-- Each time the chain of a merchant passes a multiple of 1024: by when everything up to there had taken effect.
create table ledger_mark_points (
  merchant_id uuid not null,
  seq bigint not null check (seq % 1024 = 0),
  effective_until timestamptz not null,
  primary key (merchant_id, seq),
  foreign key (merchant_id, seq) references ledger_seals
);
select parley_protect('ledger_mark_points', 'select');
grant insert on ledger_mark_points to parley_maintenance;
select parley_append_only('ledger_mark_points');

-- And all that an account took up to there, for the accounts that moved since their last mark.
create table ledger_marks (
  merchant_id uuid not null,
  account_id uuid not null,
  seq bigint not null,
  debit bigint not null check (debit >= 0),
  credit bigint not null check (credit >= 0),
  base_debit bigint not null check (base_debit >= 0),
  base_credit bigint not null check (base_credit >= 0),
  primary key (merchant_id, account_id, seq),
  foreign key (merchant_id, account_id) references ledger_accounts,
  foreign key (merchant_id, seq) references ledger_mark_points
);
select parley_protect('ledger_marks', 'select');
grant insert on ledger_marks to parley_maintenance;
select parley_append_only('ledger_marks');
