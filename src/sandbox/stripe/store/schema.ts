import type { Pool } from 'pg'
import { layOut } from '#sandbox/kit/schema.ts'
import { ID_SEQUENCES } from './ids.ts'

export const SCHEMA = 'sandbox_stripe'

export const createSchema = (pool: Pool): Promise<void> => layOut(pool, SCHEMA, `${DDL}${ID_SEQUENCES}`)

const DDL = `
-- Every object of the API, events included. "json" and not "jsonb": the order of keys is kept and writing is cheaper.
create table if not exists sandbox_stripe.object (
  id text primary key,
  kind text not null,
  seq bigint generated always as identity,
  created bigint not null,
  customer text,
  payment_intent text,
  charge text,
  doc json not null,
  hidden json not null
);
-- Events are a few kilobytes of text, written often and read once: not compressing them is worth 10 % of all requests.
alter table sandbox_stripe.object alter column doc set storage external;
-- Whose it is; '': the simulator's own account.
alter table sandbox_stripe.object add column if not exists account text not null default '';
create index if not exists object_by_kind on sandbox_stripe.object (kind, seq);
create index if not exists object_by_intent on sandbox_stripe.object (payment_intent, seq) where payment_intent is not null;
create index if not exists object_by_charge on sandbox_stripe.object (charge, seq) where charge is not null;
create index if not exists object_by_customer on sandbox_stripe.object (customer, seq) where customer is not null;

create table if not exists sandbox_stripe.idempotency (
  key text primary key,
  fingerprint text not null,
  request_id text not null,
  status int not null,
  body text not null,
  created bigint not null
);

create table if not exists sandbox_stripe.delivery (
  id bigint generated always as identity primary key,
  event_id text not null,
  endpoint_id text not null,
  attempts int not null default 0,
  due_ms bigint not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  last_status int,
  last_error text
);
create index if not exists delivery_due on sandbox_stripe.delivery (due_ms, id) where state = 'pending';
create index if not exists delivery_by_event on sandbox_stripe.delivery (event_id);

create index if not exists task_by_subject on sandbox_stripe.task (subject);
`
