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
  -- Why it was rejected.
  decision_reason text check (length(decision_reason) between 1 and 500),
  transaction_id uuid,
  livemode boolean not null,
  created_at timestamptz not null,
  decided_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, transaction_id) references ledger_transactions,
  constraint ledger_four_eyes check (not four_eyes or status <> 'approved' or decided_by <> proposed_by),
  check ((status = 'proposed') = (decided_by is null)),
  check ((status = 'proposed') = (decided_at is null)),
  check ((status = 'approved' and kind not like 'period%') = (transaction_id is not null))
);
select parley_protect('ledger_proposals', 'select, insert');
-- What was proposed stays; only the decision is added, and only once.
grant update (status, decided_by, decision_reason, transaction_id, decided_at) on ledger_proposals to parley_app;
create index ledger_proposals_open on ledger_proposals (merchant_id, id) where status = 'proposed';

create function ledger_refuse_second_decision() returns trigger language plpgsql as $$
begin
  raise exception 'ledger proposal % has been decided', old.id
    using errcode = 'check_violation', constraint = 'ledger_decided_once';
end $$;
create trigger decided_once before update on ledger_proposals for each row when (old.status <> 'proposed')
  execute function ledger_refuse_second_decision();
alter table ledger_proposals enable always trigger decided_once;

-- Entries are valued once, when they are booked, and rates are in the base currency: with either there, it stays. The
-- lock waits for a first entry that is under way: it opens accounts, whose foreign key holds the merchant's row.
create function ledger_keep_base_currency() returns trigger language plpgsql as $$
begin
  perform from merchants where merchant_id = old.merchant_id for update;
  if exists (select from ledger_transactions where merchant_id = old.merchant_id)
    or exists (select from ledger_exchange_rates where merchant_id = old.merchant_id) then
    raise exception 'the books of % are kept in %', old.merchant_id, old.base_currency
      using errcode = 'check_violation', constraint = 'ledger_base_currency_in_use';
  end if;
  return new;
end $$;
create trigger base_currency_kept before update on merchants for each row
  when (old.base_currency is distinct from new.base_currency) execute function ledger_keep_base_currency();
alter table merchants enable always trigger base_currency_kept;
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
