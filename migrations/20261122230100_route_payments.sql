set local lock_timeout = '5s';

-- Which account takes which payment, as the merchant says: rules in their order, and what no rule takes.
create table routings (
  merchant_id uuid primary key references merchants,
  rules jsonb not null default '[]' check (jsonb_typeof(rules) = 'array'),
  default_use jsonb not null default '[]' check (jsonb_typeof(default_use) = 'array'),
  created_at timestamptz not null,
  updated_at timestamptz not null
);
select parley_protect('routings', 'select, insert, update');

-- Which attempt a charge came of; null: it was made inside a chat, or before this was kept.
alter table charges
  add operation_id uuid,
  add foreign key (merchant_id, operation_id) references operations;
