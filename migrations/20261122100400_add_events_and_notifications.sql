set local lock_timeout = '5s';

create table events (
  merchant_id uuid not null references merchants,
  id uuid not null,
  type text not null,
  object_id text not null,
  thread_id uuid,
  payment_intent_id uuid,
  data jsonb not null,
  previous_attributes jsonb,
  request_id text,
  idempotency_key text,
  livemode boolean not null,
  created_at timestamptz not null,
  primary key (merchant_id, id)
);
select parley_protect('events', 'select, insert');
create index events_by_intent on events (merchant_id, payment_intent_id, id) where payment_intent_id is not null;
create index events_by_thread on events (merchant_id, thread_id, id) where thread_id is not null;

-- One row per event that still has to be told to the later slices (notifications, messages). Written with the change,
-- deleted once everything that follows from it is in the tables.
create table outbox (
  merchant_id uuid not null,
  event_id uuid not null,
  created_at timestamptz not null,
  primary key (merchant_id, event_id)
);
select parley_protect('outbox');
create index outbox_oldest on outbox (created_at);
grant delete, update on outbox to parley_maintenance;

create table webhook_endpoints (
  merchant_id uuid not null references merchants,
  id uuid not null,
  url text not null,
  secret bytea not null,
  enabled_events text[] not null,
  description text,
  metadata jsonb not null default '{}',
  status text not null check (status in ('enabled', 'disabled')),
  failing_since timestamptz,
  api_version text,
  livemode boolean not null,
  created_at timestamptz not null,
  primary key (merchant_id, id)
);
select parley_protect('webhook_endpoints');

create table deliveries (
  merchant_id uuid not null,
  id uuid not null,
  event_id uuid not null,
  endpoint_id uuid not null,
  state text not null check (state in ('pending', 'succeeded', 'failed')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  last_status integer,
  last_error text,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, id),
  unique (merchant_id, event_id, endpoint_id),
  foreign key (merchant_id, event_id) references events,
  foreign key (merchant_id, endpoint_id) references webhook_endpoints on delete cascade
);
select parley_protect('deliveries');
create index deliveries_due on deliveries (next_attempt_at) where state = 'pending';
create index deliveries_by_endpoint on deliveries (merchant_id, endpoint_id, id);
