set local lock_timeout = '5s';

-- A merchant's accounts at chat platforms, and its veto endpoint. What is secret is sealed with a key of the
-- environment whose id stands beside it, so that keys can be rotated row by row.
create table connections (
  merchant_id uuid not null references merchants,
  id uuid not null,
  channel text not null check (channel in ('messenger', 'whatsapp', 'telegram', 'wechat', 'line', 'webchat', 'custom', 'veto')),
  -- How the platform names the account: page, phone number, bot, destination, app.
  external_id text not null check (length(external_id) between 1 and 255),
  name text not null check (length(name) <= 200),
  -- broken: the platform refuses the credentials; nothing is sent until they are replaced.
  status text not null check (status in ('active', 'broken', 'disabled')),
  settings jsonb not null default '{}',
  secrets bytea not null,
  secrets_key text not null,
  -- The last characters of each secret, for people who must tell one from another.
  secret_hints jsonb not null default '{}',
  failure jsonb,
  checked_at timestamptz,
  -- The platform asked to wait, or our own rate: no send before this moment.
  send_after timestamptz,
  -- Threads keep pointing at it; its secrets are gone. The same account, connected again, comes back as this row.
  deleted_at timestamptz,
  livemode boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, channel, external_id)
);
select parley_protect('connections', 'select, insert, update');
-- Webhooks name the connection alone, and a rotation goes through all of them by id.
create index connections_by_id on connections (id);

alter table threads
  add connection_id uuid,
  -- The platform's window counts from here.
  add last_inbound_at timestamptz,
  -- How the person came here: the first time and the last. Frozen onto payments when they are created.
  add first_touch jsonb,
  add last_touch jsonb,
  -- The person's consents to single messages (WeChat), and how to reach them elsewhere.
  add consents jsonb not null default '{}',
  add foreign key (merchant_id, connection_id) references connections;
-- The same person may talk to two bots of a merchant: two threads.
alter table threads add constraint threads_once unique nulls not distinct (merchant_id, channel, external_id, connection_id);
alter table threads drop constraint threads_merchant_id_channel_external_id_key;

-- Ids that a conversation had before the platform gave it another one.
create table thread_aliases (
  merchant_id uuid not null,
  connection_id uuid not null,
  external_id text not null,
  thread_id uuid not null,
  created_at timestamptz not null,
  primary key (merchant_id, connection_id, external_id),
  foreign key (merchant_id, thread_id) references threads
);
select parley_protect('thread_aliases', 'select, insert, update');

-- What platforms sent, verified and stored before it is acknowledged: one row per update.
create table channel_updates (
  merchant_id uuid not null,
  id uuid not null,
  connection_id uuid not null,
  channel text not null,
  ref text not null check (length(ref) between 1 and 255),
  type text not null,
  -- The update in our words (channels/inbound.ts).
  content jsonb not null,
  state text not null check (state in ('received', 'processed', 'ignored', 'parked')),
  reason text,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  processed_at timestamptz,
  primary key (merchant_id, id),
  unique (merchant_id, connection_id, ref),
  foreign key (merchant_id, connection_id) references connections
);
select parley_protect('channel_updates', 'select, insert, update');
create index channel_updates_due on channel_updates (next_attempt_at) where state = 'received';

alter table messages
  add checkout_id uuid,
  add bill_id uuid,
  -- The platform's id of the message.
  add platform_ref text,
  -- How it went out, or would have: in the window, by template, utility message, consent, or over the merchant's own channel.
  add route text check (route in ('window', 'template', 'utility', 'consent', 'merchant')),
  add failure jsonb,
  add attempts integer not null default 0,
  -- When it is due: to be sent, sent again or changed; null once nothing is left to do.
  add next_attempt_at timestamptz,
  -- Set while a request to the platform is under way; what is left after a crash is of unknown outcome.
  add sending_since timestamptz,
  add sent_at timestamptz,
  -- How often what it shows has changed, and which of these the platform has.
  add revision integer not null default 1,
  add sent_revision integer not null default 0,
  -- Frozen when it was last rendered, for whoever asks what exactly was sent.
  add rendered jsonb,
  -- Of a request: when the person is reminded of it, unless it has been paid by then.
  add remind_at timestamptz;
alter table messages drop constraint messages_kind_check, drop constraint messages_state_check;
alter table messages
  add constraint messages_kind_check check (kind in ('text', 'payment_request', 'checkout_summary', 'receipt', 'refund_notice',
    'bill_progress', 'reminder')),
  add constraint messages_state_check check (state in ('queued', 'sent', 'delivered', 'read', 'unconfirmed', 'undeliverable',
    'canceled'));
create index messages_due on messages (next_attempt_at) where next_attempt_at is not null;
-- What a thread has still to send, in order.
create index messages_waiting on messages (merchant_id, thread_id, id) where next_attempt_at is not null;
create index messages_reminding on messages (remind_at) where remind_at is not null;
create index messages_by_intent on messages (merchant_id, payment_intent_id) where payment_intent_id is not null;
create index messages_by_platform_ref on messages (merchant_id, platform_ref) where platform_ref is not null;

alter table payment_intents add attribution jsonb;

-- Requests that a platform takes the money for. One row per request shown in a chat.
create table native_payments (
  merchant_id uuid not null,
  id uuid not null,
  payment_intent_id uuid not null,
  connection_id uuid not null,
  channel text not null,
  -- What comes back with the platform's news: Telegram's payload, WhatsApp's reference_id.
  reference text not null,
  -- held: the platform has been told that it may charge. released: nothing came of that; it may be paid all the same.
  -- conflicted: it was paid, but not as it should have been, and nothing was booked.
  state text not null check (state in ('offered', 'held', 'paid', 'released', 'conflicted')),
  amount bigint not null check (amount > 0),
  currency text not null,
  payer text,
  -- When somebody looks at it again: the end of a hold, or the next look-up where the platform has one.
  check_at timestamptz,
  platform_ref text,
  processor_ref text,
  method text,
  paid_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, connection_id, reference),
  foreign key (merchant_id, payment_intent_id) references payment_intents,
  foreign key (merchant_id, connection_id) references connections
);
select parley_protect('native_payments');
create unique index native_payments_once on native_payments (merchant_id, channel, platform_ref) where platform_ref is not null;
create index native_payments_by_intent on native_payments (merchant_id, payment_intent_id);
create index native_payments_due on native_payments (check_at) where check_at is not null;
-- Its id is what the payment calls the provider's: look-ups name it alone.
create index native_payments_by_id on native_payments (id);

-- What the merchant's endpoint said before a charge.
create table vetoes (
  merchant_id uuid not null,
  id uuid not null,
  payment_intent_id uuid not null,
  -- Of the request that wants to charge: sent again, it is not asked about again.
  request_id uuid not null,
  -- timed_out and failed: the connection's default was taken.
  answer text not null check (answer in ('approved', 'refused', 'timed_out', 'failed')),
  is_allowed boolean not null,
  message text,
  duration_ms integer not null,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, payment_intent_id, request_id),
  foreign key (merchant_id, payment_intent_id) references payment_intents
);
select parley_protect('vetoes', 'select, insert');

create table promotion_codes (
  merchant_id uuid not null references merchants,
  id uuid not null,
  -- As the payer types it; compared without case.
  code text not null check (length(code) between 1 and 64),
  percent_off numeric check (percent_off > 0 and percent_off <= 100),
  amount_off bigint check (amount_off > 0),
  currency text,
  minimum_amount bigint check (minimum_amount > 0),
  max_redemptions integer check (max_redemptions > 0),
  times_redeemed integer not null default 0,
  active boolean not null default true,
  expires_at timestamptz,
  metadata jsonb not null default '{}',
  livemode boolean not null,
  created_at timestamptz not null,
  primary key (merchant_id, id),
  check ((percent_off is null) <> (amount_off is null)),
  check ((amount_off is null) = (currency is null)),
  constraint redeemed_within_maximum check (times_redeemed <= max_redemptions)
);
select parley_protect('promotion_codes');
create unique index promotion_codes_by_code on promotion_codes (merchant_id, lower(code)) where active;

create table checkouts (
  merchant_id uuid not null references merchants,
  id uuid not null,
  thread_id uuid,
  participant_id uuid,
  customer_id uuid,
  -- Made with the first total above zero; its amount follows the total while it can.
  payment_intent_id uuid,
  status text not null check (status in ('incomplete', 'ready', 'in_progress', 'completed', 'canceled', 'expired')),
  currency text not null check (currency ~ '^[a-z]{3}$'),
  locale text,
  -- What the merchant and the buyer said (checkout/schemas.ts).
  cart jsonb not null,
  -- What follows from it: lines, totals, messages.
  quote jsonb not null,
  total bigint not null check (total between 0 and 99999999),
  promotion_code_id uuid,
  -- A redemption of the code is counted for it: from just before the charge until it is canceled or expires.
  is_redeemed boolean not null default false,
  metadata jsonb not null default '{}',
  version integer not null default 1,
  expires_at timestamptz not null,
  completed_at timestamptz,
  canceled_at timestamptz,
  livemode boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, thread_id) references threads,
  foreign key (merchant_id, participant_id) references participants,
  foreign key (merchant_id, customer_id) references customers,
  foreign key (merchant_id, payment_intent_id) references payment_intents,
  foreign key (merchant_id, promotion_code_id) references promotion_codes
);
select parley_protect('checkouts', 'select, insert, update');
create unique index checkouts_by_intent on checkouts (merchant_id, payment_intent_id) where payment_intent_id is not null;
create index checkouts_by_thread on checkouts (merchant_id, thread_id, id) where thread_id is not null;
create index checkouts_expiring on checkouts (expires_at) where status in ('incomplete', 'ready', 'in_progress');

create table bills (
  merchant_id uuid not null references merchants,
  id uuid not null,
  thread_id uuid not null,
  organizer_id uuid,
  split text not null check (split in ('equal', 'shares', 'items')),
  status text not null check (status in ('open', 'paid', 'closed', 'canceled', 'expired')),
  title text not null,
  currency text not null check (currency ~ '^[a-z]{3}$'),
  amount bigint not null check (amount between 1 and 99999999),
  -- Parts of the amount.
  tax bigint not null default 0 check (tax >= 0),
  tip bigint not null default 0 check (tip >= 0),
  -- Of shares that count; what came late for a canceled share and goes back is not in it.
  amount_paid bigint not null default 0 check (amount_paid between 0 and amount),
  amount_refunded bigint not null default 0 check (amount_refunded between 0 and amount_paid),
  items jsonb not null default '[]',
  metadata jsonb not null default '{}',
  version integer not null default 1,
  expires_at timestamptz,
  closed_at timestamptz,
  -- The request that closed or canceled it: the same one again goes on where it stopped.
  closing_request uuid,
  livemode boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, thread_id) references threads,
  foreign key (merchant_id, organizer_id) references participants,
  check (tax + tip <= amount)
);
select parley_protect('bills', 'select, insert, update');
create index bills_by_thread on bills (merchant_id, thread_id, id);
create index bills_expiring on bills (expires_at) where status = 'open' and expires_at is not null;

create table bill_shares (
  merchant_id uuid not null,
  id uuid not null,
  bill_id uuid not null,
  participant_id uuid not null,
  payment_intent_id uuid not null,
  -- The rest of the bill, taken over by the organiser.
  is_rest boolean not null default false,
  -- canceled: the organiser took it over, or the bill was closed without it.
  status text not null check (status in ('open', 'paid', 'refunded', 'canceled')),
  amount bigint not null check (amount > 0),
  tax bigint not null check (tax >= 0),
  tip bigint not null check (tip >= 0),
  amount_paid bigint not null default 0 check (amount_paid between 0 and amount),
  amount_refunded bigint not null default 0 check (amount_refunded between 0 and amount_paid),
  weight integer check (weight > 0),
  -- Its payment is still to be canceled: when to try (again).
  leave_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  foreign key (merchant_id, bill_id) references bills,
  foreign key (merchant_id, participant_id) references participants,
  foreign key (merchant_id, payment_intent_id) references payment_intents
);
select parley_protect('bill_shares', 'select, insert, update');
create index bill_shares_by_bill on bill_shares (merchant_id, bill_id, id);
create unique index bill_shares_by_intent on bill_shares (merchant_id, payment_intent_id);
create index bill_shares_leaving on bill_shares (leave_at) where leave_at is not null;

-- Who gets what back, decided at once for the whole bill and then carried out one by one. The id is that of the refund.
create table bill_refunds (
  merchant_id uuid not null,
  id uuid not null,
  bill_id uuid not null,
  share_id uuid not null,
  -- The request that asked for it; a late payment's share, which goes back by itself.
  request_id uuid not null,
  amount bigint not null check (amount > 0),
  reason text,
  state text not null check (state in ('planned', 'created', 'refused')),
  -- Why it was refused.
  failure text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (merchant_id, id),
  unique (merchant_id, request_id, share_id),
  foreign key (merchant_id, bill_id) references bills,
  foreign key (merchant_id, share_id) references bill_shares
);
select parley_protect('bill_refunds', 'select, insert, update');
create index bill_refunds_by_bill on bill_refunds (merchant_id, bill_id);
create index bill_refunds_planned on bill_refunds (created_at) where state = 'planned';

-- Telegram Stars (XTR) have no minor units.
create or replace function ledger_exponent(currency text) returns int language plpgsql immutable parallel safe as $$
begin
  return case
    when currency in ('bif', 'clp', 'djf', 'gnf', 'isk', 'jpy', 'kmf', 'krw', 'pyg', 'rwf', 'ugx', 'vnd', 'vuv', 'xaf', 'xof', 'xpf', 'xtr') then 0
    when currency in ('bhd', 'iqd', 'jod', 'kwd', 'lyd', 'omr', 'tnd') then 3
    else 2 end;
end $$;
