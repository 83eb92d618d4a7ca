set local lock_timeout = '5s';

-- What providers sent, verified and stored before it is acknowledged. The merchant is known only once the event has
-- been matched to a payment, so this table stands outside the merchant-first rule.
create table provider_events (
  id uuid primary key,
  provider text not null,
  connection text not null default '',
  ref text not null,
  type text not null,
  body bytea not null,
  -- What the adapter read out of the body when it verified it: which object to look at, and whose it is.
  notice jsonb not null,
  state text not null check (state in ('received', 'processed', 'ignored', 'parked')),
  reason text,
  merchant_id uuid,
  payment_intent_id uuid,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  provider_created_at timestamptz not null,
  received_at timestamptz not null,
  processed_at timestamptz,
  unique (provider, connection, ref)
);
alter table provider_events enable row level security;
alter table provider_events force row level security;
create policy own_merchant on provider_events to parley_app using (merchant_id = any(parley_merchants()))
  with check (merchant_id = any(parley_merchants()));
create policy every_merchant on provider_events to parley_maintenance using (true) with check (true);
grant select, update on provider_events to parley_app;
grant select, insert, update on provider_events to parley_maintenance;
create index provider_events_due on provider_events (next_attempt_at) where state = 'received';
create index provider_events_by_merchant on provider_events (merchant_id, id) where merchant_id is not null;
create index provider_events_parked on provider_events (received_at) where state = 'parked';
