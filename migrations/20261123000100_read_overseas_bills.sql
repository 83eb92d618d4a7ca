set local lock_timeout = '5s';

-- Overseas accounts had no bill that could be read, so their days were put away as empty, without their fees. They are read
-- now, as far back as WeChat Pay keeps them (180 days); a day that is empty after all says so again.
-- The owner is under the policies as well, and has none that would let it see these rows.
alter table provider_statements no force row level security;
update provider_statements
set state = 'due', read_at = null, reason = null, attempts = 0, next_attempt_at = now()
where state = 'none' and provider = 'wechatpay' and day >= current_date - 180;
alter table provider_statements force row level security;
