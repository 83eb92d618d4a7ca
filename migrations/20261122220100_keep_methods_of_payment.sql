set local lock_timeout = '5s';

-- How a provider names our customer: made when a method is first kept there, from our id alone.
create table customer_refs (
  merchant_id uuid not null,
  customer_id uuid not null,
  provider text not null,
  ref text not null check (length(ref) between 1 and 255),
  created_at timestamptz not null,
  primary key (merchant_id, customer_id, provider),
  unique (merchant_id, provider, ref),
  foreign key (merchant_id, customer_id) references customers
);
select parley_protect('customer_refs', 'select, insert');

-- Methods that payers agreed to have kept. The secret is the provider's; here is what people tell cards apart by.
create table payment_methods (
  merchant_id uuid not null,
  id uuid not null,
  customer_id uuid not null,
  provider text not null,
  provider_ref text not null check (length(provider_ref) between 1 and 255),
  -- Type, brand, last four, expiry; null once the customer is erased. Never a card number.
  method jsonb check (method::text !~ '[0-9]{8}'),
  -- What the payer agreed to, in which language, when, and where: on our page, or as the merchant says.
  consent jsonb not null,
  -- The payment with which it was kept.
  payment_intent_id uuid not null,
  livemode boolean not null,
  created_at timestamptz not null,
  -- From here on it charges nobody; the provider is told until it has forgotten it, too.
  detached_at timestamptz,
  forget_at timestamptz,
  forget_attempts integer not null default 0,
  primary key (merchant_id, id),
  unique (merchant_id, provider, provider_ref),
  check (forget_at is null or detached_at is not null),
  check (method is not null or detached_at is not null),
  foreign key (merchant_id, customer_id) references customers,
  foreign key (merchant_id, payment_intent_id) references payment_intents
);
select parley_protect('payment_methods', 'select, insert, update');
create index payment_methods_by_customer on payment_methods (merchant_id, customer_id, id) where detached_at is null;
create index payment_methods_to_forget on payment_methods (forget_at) where forget_at is not null;
