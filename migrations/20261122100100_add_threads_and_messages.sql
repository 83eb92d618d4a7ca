set local lock_timeout = '5s';

create table threads (
  merchant_id uuid not null references merchants,
  id uuid not null,
  channel text not null check (channel ~ '^[a-z]{2,20}$'),
  external_id text not null check (length(external_id) between 1 and 255),
  locale text,
  title text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, channel, external_id)
);
select parley_protect('threads');

create table participants (
  merchant_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  external_id text not null check (length(external_id) between 1 and 255),
  role text not null check (role in ('payer', 'organizer', 'agent')),
  name text,
  locale text,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, thread_id, external_id),
  foreign key (merchant_id, thread_id) references threads
);
select parley_protect('participants');

create table messages (
  merchant_id uuid not null,
  id uuid not null,
  thread_id uuid not null,
  direction text not null check (direction in ('in', 'out')),
  kind text not null check (kind in ('text', 'payment_request', 'receipt', 'refund_notice')),
  text text not null,
  card jsonb,
  payment_intent_id uuid,
  -- Who wrote it, for inbound messages; outbound ones are the bot's.
  participant_id uuid,
  -- What this message is about; at most one message per reason and thread, however often the reason is told.
  dedupe_key text,
  state text not null check (state in ('queued', 'delivered', 'undeliverable')),
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, thread_id, dedupe_key),
  foreign key (merchant_id, thread_id) references threads
);
select parley_protect('messages');
create index messages_by_thread on messages (merchant_id, thread_id, id);

create table customers (
  merchant_id uuid not null references merchants,
  id uuid not null,
  name text,
  email text,
  phone text,
  description text,
  address jsonb,
  shipping jsonb,
  metadata jsonb not null default '{}',
  livemode boolean not null,
  deleted_at timestamptz,
  created_at timestamptz not null,
  primary key (merchant_id, id)
);
select parley_protect('customers');
create index customers_by_email on customers (merchant_id, email, id) where deleted_at is null;
