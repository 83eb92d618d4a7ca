set local lock_timeout = '5s';

-- What one person proposes and another decides: adjustments, reversals, closing and reopening a period.
create table ledger_proposals (
  merchant_id uuid not null references merchants,
  id uuid not null,
  kind text not null check (kind in ('adjustment', 'reversal', 'period_close', 'period_reopen')),
  status text not null check (status in ('proposed', 'approved', 'rejected')),
  -- What is proposed, as the kind has it: entries, the reversed transaction, the month.
  content jsonb not null,
  reason text not null check (length(reason) between 1 and 500),
  -- A reference (URL, document number), never the document.
  attachment text check (length(attachment) <= 500),
  -- API keys. With four eyes the database refuses the same key on both sides.
  proposed_by uuid not null,
  decided_by uuid,
  four_eyes boolean not null,
  transaction_id uuid,
  created_at timestamptz not null,
  decided_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, transaction_id) references ledger_transactions,
  constraint ledger_four_eyes check (not four_eyes or decided_by <> proposed_by),
  check ((status = 'proposed') = (decided_by is null)),
  check ((status = 'proposed') = (decided_at is null))
);
select parley_protect('ledger_proposals', 'select, insert, update');
create index ledger_proposals_open on ledger_proposals (merchant_id, id) where status = 'proposed';
alter table ledger_period_locks add foreign key (merchant_id, proposal_id) references ledger_proposals;

-- A merchant's own codes and names for the accounts of the chart, by the tool they are for ('' is for all).
create table ledger_account_mappings (
  merchant_id uuid not null references merchants,
  target text not null,
  code text not null check (code ~ '^[0-9]{4}$'),
  own_code text not null check (length(own_code) between 1 and 60),
  own_name text not null check (length(own_name) between 1 and 200),
  updated_at timestamptz not null,
  primary key (merchant_id, target, code)
);
select parley_protect('ledger_account_mappings');
