import type { Pool } from 'pg'
import { layOut } from '#sandbox/kit/schema.ts'

export const SCHEMA = 'sandbox_wechatpay'

export const createSchema = (pool: Pool): Promise<void> => layOut(pool, SCHEMA, DDL)

const DDL = `
create sequence if not exists sandbox_wechatpay.id increment 1024;

-- Orders, refunds, movements of money, complaints, transfers. "json" and not "jsonb": the order of keys is kept.
create table if not exists sandbox_wechatpay.object (
  kind text not null,
  id text not null,
  seq bigint generated always as identity,
  mchid text not null,
  -- A second name: WeChat Pay's own number of an order or a refund, the prepay_id, the order of a refund.
  wxid text,
  parent text,
  at_ms bigint not null,
  doc json not null,
  primary key (kind, id)
);
create index if not exists object_by_wxid on sandbox_wechatpay.object (kind, wxid) where wxid is not null;
create index if not exists object_by_parent on sandbox_wechatpay.object (kind, parent, seq) where parent is not null;
create index if not exists object_by_time on sandbox_wechatpay.object (kind, mchid, at_ms, seq);

-- What truly happened, never updated: the oracle of the book.
create table if not exists sandbox_wechatpay.effect (
  id bigint generated always as identity primary key,
  mchid text not null,
  subject text not null,
  effect text not null
);

create table if not exists sandbox_wechatpay.notification (
  id text primary key,
  seq bigint generated always as identity,
  mchid text not null,
  type text not null,
  subject text not null,
  url text not null,
  body text not null
);
create table if not exists sandbox_wechatpay.delivery (
  id bigint generated always as identity primary key,
  notification_id text not null,
  is_probe boolean not null default false,
  attempts int not null default 0,
  due_ms bigint not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  last_status int,
  last_error text
);
create index if not exists delivery_due on sandbox_wechatpay.delivery (due_ms, id) where state = 'pending';
create index if not exists delivery_by_notification on sandbox_wechatpay.delivery (notification_id);

create table if not exists sandbox_wechatpay.merchant (mchid text primary key, seq bigint generated always as identity, doc json not null);
-- A bill is made once, and is the same ever after.
create table if not exists sandbox_wechatpay.bill (token text primary key, mchid text not null, content text not null);
`
