set local lock_timeout = '5s';

create table payment_intents (
  merchant_id uuid not null references merchants,
  id uuid not null,
  thread_id uuid,
  participant_id uuid,
  customer_id uuid,
  status text not null check (status in ('requires_payment_method', 'requires_confirmation', 'requires_action',
    'processing', 'requires_capture', 'succeeded', 'canceled')),
  capture_method text not null check (capture_method in ('automatic', 'manual')),
  amount bigint not null check (amount between 1 and 99999999),
  currency text not null check (currency ~ '^[a-z]{3}$'),
  amount_authorized bigint not null default 0 check (amount_authorized >= 0),
  amount_capturable bigint not null default 0 check (amount_capturable >= 0),
  amount_captured bigint not null default 0 check (amount_captured >= 0),
  amount_refunded bigint not null default 0 check (amount_refunded >= 0),
  amount_refund_pending bigint not null default 0 check (amount_refund_pending >= 0),
  description text,
  metadata jsonb not null default '{}',
  -- What Stripe's dialect carries and nothing of ours decides on (shipping, receipt_email, amount_details …).
  options jsonb not null default '{}',
  payment_method text,
  return_url text,
  next_action jsonb,
  last_payment_error jsonb,
  latest_charge_id uuid,
  cancellation_reason text,
  canceled_at timestamptz,
  expires_at timestamptz,
  provider text not null,
  provider_ref text,
  page_ref text,
  page_url text,
  page_expires_at timestamptz,
  -- A difference between our amounts and the provider's: kept, alarmed, never booked.
  conflict text,
  version integer not null default 1,
  livemode boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, thread_id) references threads,
  foreign key (merchant_id, participant_id) references participants,
  foreign key (merchant_id, customer_id) references customers,
  constraint captured_within_authorized check (amount_captured <= amount_authorized),
  constraint capturable_within_authorized check (amount_capturable <= amount_authorized),
  constraint refunded_within_captured check (amount_refunded + amount_refund_pending <= amount_captured)
);
select parley_protect('payment_intents', 'select, insert, update');
create index payment_intents_by_thread on payment_intents (merchant_id, thread_id, id) where thread_id is not null;
create index payment_intents_by_customer on payment_intents (merchant_id, customer_id, id) where customer_id is not null;
create index payment_intents_by_metadata on payment_intents using gin (metadata jsonb_path_ops) where metadata <> '{}';
create index payment_intents_by_provider_ref on payment_intents (provider, provider_ref) where provider_ref is not null;
create index payment_intents_by_page_ref on payment_intents (provider, page_ref) where page_ref is not null;
create index payment_intents_expiring on payment_intents (expires_at)
  where expires_at is not null and status in ('requires_payment_method', 'requires_confirmation', 'requires_action', 'requires_capture');
-- The sweep asks the provider about payments that wait for it.
create index payment_intents_waiting on payment_intents (updated_at) where status in ('processing', 'requires_action');
create index payment_intents_open_pages on payment_intents (updated_at) where page_ref is not null and status = 'requires_payment_method';

create table charges (
  merchant_id uuid not null,
  id uuid not null,
  payment_intent_id uuid not null,
  status text not null check (status in ('pending', 'succeeded', 'failed')),
  amount bigint not null check (amount > 0),
  amount_captured bigint not null check (amount_captured >= 0),
  amount_refunded bigint not null default 0 check (amount_refunded >= 0),
  currency text not null,
  captured boolean not null,
  failure_code text,
  failure_message text,
  decline_code text,
  method jsonb,
  provider text not null,
  provider_ref text not null,
  fee jsonb,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, provider_ref),
  foreign key (merchant_id, payment_intent_id) references payment_intents,
  check (amount_captured <= amount),
  check (amount_refunded <= amount_captured)
);
select parley_protect('charges', 'select, insert, update');
create index charges_by_intent on charges (merchant_id, payment_intent_id, id);
create index charges_by_provider_ref on charges (provider, provider_ref);

create table refunds (
  merchant_id uuid not null,
  id uuid not null,
  payment_intent_id uuid not null,
  charge_id uuid not null,
  status text not null check (status in ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')),
  amount bigint not null check (amount > 0),
  currency text not null,
  reason text,
  failure_reason text,
  metadata jsonb not null default '{}',
  provider text not null,
  provider_ref text,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, payment_intent_id) references payment_intents,
  foreign key (merchant_id, charge_id) references charges
);
select parley_protect('refunds', 'select, insert, update');
create index refunds_by_intent on refunds (merchant_id, payment_intent_id, id);
create index refunds_by_provider_ref on refunds (provider, provider_ref) where provider_ref is not null;
create index refunds_open on refunds (updated_at) where status in ('pending', 'requires_action');

create table operations (
  merchant_id uuid not null,
  id uuid not null,
  payment_intent_id uuid not null,
  refund_id uuid,
  kind text not null check (kind in ('authorize', 'capture', 'cancel', 'increment', 'page', 'close_page', 'refund', 'cancel_refund')),
  -- Which client request asked for it; the same request never makes a second one.
  request_id uuid not null,
  state text not null check (state in ('created', 'sent', 'succeeded', 'failed', 'unknown', 'conflicted')),
  amount bigint check (amount > 0),
  command jsonb not null,
  answer jsonb,
  reason text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  sent_at timestamptz,
  finished_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, payment_intent_id) references payment_intents,
  foreign key (merchant_id, refund_id) references refunds
);
select parley_protect('operations', 'select, insert, update');
create unique index operations_once_per_request on operations (merchant_id, payment_intent_id, kind, request_id);
-- One command at a time changes a payment at the provider: two confirms can never both be sent.
create unique index operations_one_in_flight on operations (merchant_id, payment_intent_id)
  where state in ('created', 'sent', 'unknown') and kind in ('authorize', 'capture', 'cancel', 'increment', 'page', 'close_page');
create index operations_due on operations (next_attempt_at) where state in ('created', 'sent', 'unknown');
create index operations_by_refund on operations (merchant_id, refund_id) where refund_id is not null;
