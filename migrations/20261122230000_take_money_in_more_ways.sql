set local lock_timeout = '5s';

-- A merchant's own account at a provider stands beside its accounts at chat platforms.
alter table connections drop constraint connections_channel_check;
alter table connections add constraint connections_channel_check check (channel in
  ('messenger', 'whatsapp', 'telegram', 'wechat', 'line', 'webchat', 'custom', 'veto', 'stripe'));

alter table payment_intents
  -- The merchant's account that takes the money; null: the deployment's own at that provider.
  add provider_connection_id uuid,
  -- Why this provider: the decision of the routing rules, and where the payment returns to when another way gives up.
  add route jsonb,
  -- How the payer is handed over when it is not by a URL alone: a QR code, parameters for an app, the provider's fields.
  add page_handover jsonb,
  add foreign key (merchant_id, provider_connection_id) references connections;

-- A customer of one account (a connection, or '' for the deployment's own) is unknown to another.
alter table customer_refs add connection text not null default '' check (connection = '' or connection ~ '^[0-9a-f-]{36}$');
alter table customer_refs drop constraint customer_refs_pkey;
alter table customer_refs add primary key (merchant_id, customer_id, provider, connection);
alter table payment_methods
  add provider_connection_id uuid,
  add foreign key (merchant_id, provider_connection_id) references connections;
-- News of an account that is connected to the deployment's own name the account alone.
create index connections_by_account on connections (channel, external_id);
