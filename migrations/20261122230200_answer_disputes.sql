set local lock_timeout = '5s';

-- What a payer disputes at their bank (or complains of in their app), as the provider sees it.
create table disputes (
  merchant_id uuid not null references merchants,
  id uuid not null,
  payment_intent_id uuid not null,
  charge_id uuid not null,
  provider text not null,
  provider_connection_id uuid,
  provider_ref text not null,
  state text not null check (state in ('warning_needs_response', 'warning_under_review', 'warning_closed', 'needs_response',
    'under_review', 'appeal_needs_response', 'appeal_under_review', 'won', 'lost', 'prevented')),
  reason text not null,
  amount bigint not null check (amount >= 0),
  currency text not null,
  is_refundable boolean not null,
  due_by timestamptz,
  is_past_due boolean not null,
  submissions integer not null check (submissions >= 0),
  round integer not null check (round >= 1),
  -- Texts, and the provider's refs of files: what the provider holds now. Never a file.
  evidence jsonb not null,
  network jsonb not null,
  statement text,
  metadata jsonb not null,
  -- Nothing of its money is open any more: 1150 is zero over it.
  settled_at timestamptz,
  reminded_at timestamptz,
  next_reminder_at timestamptz,
  checked_at timestamptz not null,
  livemode boolean not null,
  version integer not null,
  opened_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, provider_ref),
  foreign key (merchant_id, payment_intent_id) references payment_intents,
  foreign key (merchant_id, charge_id) references charges,
  foreign key (merchant_id, provider_connection_id) references connections,
  check (settled_at is null or (state not like '%needs_response' and state not like '%under_review'))
);
select parley_protect('disputes', 'select, insert, update');
create index disputes_by_charge on disputes (merchant_id, charge_id);
create index disputes_by_intent on disputes (merchant_id, payment_intent_id);
create index disputes_to_check on disputes (checked_at) where settled_at is null;
create index disputes_to_remind on disputes (next_reminder_at) where next_reminder_at is not null;

-- Each moved money once, and stays: what the provider took and put back, and what was given up as lost (negative: regained).
create table dispute_movements (
  merchant_id uuid not null,
  dispute_id uuid not null,
  ref text not null,
  kind text not null check (kind in ('withdrawn', 'reinstated', 'lost')),
  amount bigint not null check (amount >= 0 or kind = 'lost'),
  fee bigint not null,
  currency text not null,
  available_on timestamptz not null,
  occurred_at timestamptz not null,
  primary key (merchant_id, dispute_id, ref),
  foreign key (merchant_id, dispute_id) references disputes
);
select parley_protect('dispute_movements', 'select, insert');

-- A settled dispute has nothing left on 1150, in no currency. Looked at when the transaction ends.
create function dispute_is_settled() returns trigger language plpgsql as $$
declare
  subject uuid := case when tg_table_name = 'disputes' then to_jsonb(new)->>'id' else to_jsonb(new)->>'dispute_id' end;
  rest text;
begin
  select string_agg(m.currency || ' ' || m.left_over, ', ') into rest
  from disputes d cross join lateral (
    select currency, sum(case when kind = 'withdrawn' then amount else -amount end) as left_over
    from dispute_movements where merchant_id = d.merchant_id and dispute_id = d.id group by currency) m
  where d.merchant_id = new.merchant_id and d.id = subject and d.settled_at is not null and m.left_over <> 0;
  if rest is not null then
    raise exception 'dispute % is settled with % left on 1150', subject, rest using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger settled after insert or update of settled_at on disputes
  deferrable initially deferred for each row execute function dispute_is_settled();
create constraint trigger settled after insert on dispute_movements
  deferrable initially deferred for each row execute function dispute_is_settled();

-- Files at the provider, to be named as evidence: their names and sizes, never their bytes.
create table dispute_files (
  merchant_id uuid not null references merchants,
  id uuid not null,
  provider text not null,
  provider_connection_id uuid,
  -- Absent until the provider has said that it has the file.
  provider_ref text,
  name text not null check (length(name) between 1 and 255),
  type text not null check (type in ('pdf', 'jpg', 'png')),
  size integer not null check (size > 0),
  sha256 bytea not null check (length(sha256) = 32),
  livemode boolean not null,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, provider_connection_id) references connections
);
select parley_protect('dispute_files', 'select, insert, update');
create index dispute_files_by_ref on dispute_files (merchant_id, provider_ref) where provider_ref is not null;

-- Every answer to a dispute is written before it is sent; its id is the provider's idempotency key.
create table dispute_operations (
  merchant_id uuid not null,
  id uuid not null,
  dispute_id uuid not null,
  kind text not null check (kind in ('evidence', 'close')),
  request_id uuid not null,
  state text not null check (state in ('sent', 'succeeded', 'failed', 'unknown')),
  command jsonb not null,
  reason text,
  attempts integer not null,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, dispute_id) references disputes,
  check ((finished_at is null) = (state <> 'succeeded' and state <> 'failed'))
);
select parley_protect('dispute_operations', 'select, insert, update');
create unique index dispute_operations_once_per_request on dispute_operations (merchant_id, dispute_id, kind, request_id);
create unique index dispute_operations_one_in_flight on dispute_operations (merchant_id, dispute_id) where state in ('sent', 'unknown');
create index dispute_operations_due on dispute_operations (next_attempt_at) where state in ('sent', 'unknown');

alter table charges
  -- The newest dispute of it, and why it cannot be refunded because of one.
  add dispute_id uuid,
  add refund_block text check (refund_block in ('charge_disputed', 'refund_disputed_payment')),
  add foreign key (merchant_id, dispute_id) references disputes;
