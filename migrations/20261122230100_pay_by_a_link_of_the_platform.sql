set local lock_timeout = '5s';

-- Where a request of the platform can be opened from a page, and for which terms: one link, however often it is asked for.
alter table native_payments
  add link_url text,
  add link_terms text,
  add constraint native_payments_link check ((link_url is null) = (link_terms is null));
