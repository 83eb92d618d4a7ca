set local lock_timeout = '5s';

alter table payment_methods
  add metadata jsonb not null default '{}',
  -- What the merchant said of the person who pays with it; gone with the customer.
  add billing_details jsonb,
  add constraint erased_with_the_customer check (billing_details is null or method is not null);

-- News of a method name it by the provider's ref, and do not say whose it is.
create index payment_methods_by_ref on payment_methods (provider, provider_ref);
