set local lock_timeout = '5s';

-- A merchant's own account at WeChat Pay.
alter table connections drop constraint connections_channel_check;
alter table connections add constraint connections_channel_check check (channel in
  ('messenger', 'whatsapp', 'telegram', 'wechat', 'line', 'webchat', 'custom', 'veto', 'stripe', 'wechatpay'));

-- Which day of which account's statement has been asked for, and what became of it: a provider that tells its fees a day
-- later, in a file, is read once per merchant, account and day.
create table provider_statements (
  merchant_id uuid not null references merchants,
  id uuid not null,
  provider text not null,
  -- The merchant's account there; null: the deployment's own.
  connection_id uuid,
  day date not null,
  state text not null check (state in ('due', 'read', 'none', 'gone')),
  -- Lines that are about this merchant's payments, and fees booked from them.
  lines integer not null default 0 check (lines >= 0),
  fees integer not null default 0 check (fees >= 0 and fees <= lines),
  reason text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  created_at timestamptz not null,
  read_at timestamptz check ((read_at is null) = (state = 'due')),
  primary key (merchant_id, id),
  unique nulls not distinct (merchant_id, provider, connection_id, day),
  foreign key (merchant_id, connection_id) references connections
);
create index provider_statements_due on provider_statements (next_attempt_at) where state = 'due';
select parley_protect('provider_statements', 'select, insert, update');
-- The days on which something happened are looked up for every payment of such a provider.
create index charges_stated on charges (created_at) where provider = 'wechatpay' and status = 'succeeded';
create index refunds_stated on refunds (created_at) where provider = 'wechatpay';
