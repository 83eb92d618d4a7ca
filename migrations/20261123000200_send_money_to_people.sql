set local lock_timeout = '5s';

-- Money that a merchant sends to a person, from its account at a provider.
create table outbound_payments (
  merchant_id uuid not null,
  id uuid not null,
  thread_id uuid,
  participant_id uuid,
  customer_id uuid,
  status text not null check (status in ('processing', 'requires_recipient_action', 'posted', 'failed', 'canceled',
    'returned')),
  amount bigint not null check (amount > 0),
  currency text not null,
  -- The person's id at the merchant's app at the provider.
  payee text not null check (length(payee) between 1 and 255),
  provider text not null,
  provider_connection_id uuid,
  provider_ref text check (length(provider_ref) between 1 and 255),
  -- Where the books take it from (1110 or 1120), and put it back.
  source text not null check (source in ('pending', 'available')),
  -- The provider has taken it from the balance: booked as on its way.
  is_sent boolean not null,
  confirmation jsonb,
  failure_code text,
  failure_message text,
  description text not null,
  metadata jsonb not null,
  livemode boolean not null,
  version integer not null,
  -- When the provider is asked again although it has said nothing; null: it is over.
  check_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, provider_ref),
  foreign key (merchant_id, thread_id) references threads,
  foreign key (merchant_id, participant_id) references participants,
  foreign key (merchant_id, customer_id) references customers,
  foreign key (merchant_id, provider_connection_id) references connections,
  check (is_sent or status not in ('requires_recipient_action', 'posted', 'returned')),
  check ((check_at is null) = (status in ('posted', 'failed', 'canceled', 'returned')))
);
select parley_protect('outbound_payments', 'select, insert, update');
create index outbound_payments_by_thread on outbound_payments (merchant_id, thread_id, id);
create index outbound_payments_by_ref on outbound_payments (provider, provider_ref);
create index outbound_payments_to_check on outbound_payments (check_at) where check_at is not null;

-- Only money that was posted can come back; nothing else changes what is over, and nothing ever how much it was.
create function outbound_payments_keep() returns trigger language plpgsql as $$
begin
  raise exception 'outbound payment % of % is %', old.id, old.amount, old.status
    using errcode = 'check_violation', constraint = 'outbound_payments_end_is_final';
end $$;
create trigger end_kept before update on outbound_payments for each row
  when ((old.status in ('failed', 'canceled', 'returned') and new.status <> old.status)
    or (old.status = 'posted' and new.status not in ('posted', 'returned'))
    or new.amount <> old.amount or new.currency <> old.currency or new.payee <> old.payee
    or new.source <> old.source or (old.is_sent and not new.is_sent))
  execute function outbound_payments_keep();
alter table outbound_payments enable always trigger end_kept;

-- Every call is written before it is sent. The id of the one that sends is the provider's number of the payment, for ever.
create table outbound_operations (
  merchant_id uuid not null,
  id uuid not null,
  outbound_payment_id uuid not null,
  kind text not null check (kind in ('send', 'cancel')),
  request_id uuid not null,
  state text not null check (state in ('sent', 'succeeded', 'failed', 'unknown', 'conflicted')),
  command jsonb not null,
  answer jsonb,
  reason text,
  attempts integer not null,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, outbound_payment_id) references outbound_payments,
  check ((finished_at is null) = (state in ('sent', 'unknown')))
);
select parley_protect('outbound_operations', 'select, insert, update');
create unique index outbound_operations_sent_once on outbound_operations (merchant_id, outbound_payment_id)
  where kind = 'send';
create unique index outbound_operations_once_per_request on outbound_operations (merchant_id, kind, request_id);
create unique index outbound_operations_one_in_flight on outbound_operations (merchant_id, outbound_payment_id)
  where state in ('sent', 'unknown');
create index outbound_operations_due on outbound_operations (next_attempt_at) where state in ('sent', 'unknown');
