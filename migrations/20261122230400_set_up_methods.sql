set local lock_timeout = '5s';

-- Keeping a method of payment without paying, in Stripe's words.
create table setup_intents (
  merchant_id uuid not null,
  id uuid not null,
  customer_id uuid not null,
  usage text not null check (usage in ('off_session', 'on_session')),
  status text not null check (status in ('requires_payment_method', 'requires_confirmation', 'requires_action',
    'processing', 'canceled', 'succeeded')),
  provider text not null,
  provider_connection_id uuid,
  provider_ref text check (length(provider_ref) between 1 and 255),
  -- The provider's page on which the payer enters a method.
  page_ref text,
  page_url text,
  page_expires_at timestamptz,
  -- What the client named: a method of the provider's, until one is kept.
  payment_method text,
  payment_method_id uuid,
  -- What the payer agrees to: by the merchant's word, or on our page.
  consent jsonb not null,
  next_action jsonb,
  last_setup_error jsonb,
  cancellation_reason text,
  description text,
  return_url text,
  metadata jsonb not null,
  livemode boolean not null,
  version integer not null,
  -- When the provider is asked again although it has said nothing; null: nothing is under way there.
  check_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, provider, provider_ref),
  foreign key (merchant_id, customer_id) references customers,
  foreign key (merchant_id, provider_connection_id) references connections,
  check ((status = 'succeeded') = (payment_method_id is not null)),
  check (check_at is null or status not in ('succeeded', 'canceled'))
);
select parley_protect('setup_intents', 'select, insert, update');
create index setup_intents_by_customer on setup_intents (merchant_id, customer_id, id);
create index setup_intents_to_check on setup_intents (check_at) where check_at is not null;

-- Every call that keeps a method is written before it is sent; its id is the provider's idempotency key.
create table setup_operations (
  merchant_id uuid not null,
  id uuid not null,
  -- Absent when a method is attached that the provider has already.
  setup_intent_id uuid,
  customer_id uuid not null,
  kind text not null check (kind in ('confirm', 'cancel', 'page', 'close_page', 'attach')),
  request_id uuid not null,
  state text not null check (state in ('sent', 'succeeded', 'failed', 'unknown')),
  command jsonb not null,
  answer jsonb,
  reason text,
  attempts integer not null,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, id),
  foreign key (merchant_id, setup_intent_id) references setup_intents,
  foreign key (merchant_id, customer_id) references customers,
  check ((setup_intent_id is null) = (kind = 'attach')),
  check ((finished_at is null) = (state <> 'succeeded' and state <> 'failed'))
);
select parley_protect('setup_operations', 'select, insert, update');
create unique index setup_operations_once_per_request on setup_operations (merchant_id, kind, request_id);
create unique index setup_operations_one_in_flight on setup_operations (merchant_id, setup_intent_id)
  where state in ('sent', 'unknown');
create index setup_operations_due on setup_operations (next_attempt_at) where state in ('sent', 'unknown');

alter table payment_methods
  -- Kept with a payment, with a setup intent, or attached.
  alter payment_intent_id drop not null,
  add setup_intent_id uuid,
  -- on_session: only the payer's own payments are charged to it.
  add usage text not null default 'off_session' check (usage in ('off_session', 'on_session')),
  add foreign key (merchant_id, setup_intent_id) references setup_intents,
  add check (payment_intent_id is null or setup_intent_id is null);
alter table setup_intents add foreign key (merchant_id, payment_method_id) references payment_methods;
