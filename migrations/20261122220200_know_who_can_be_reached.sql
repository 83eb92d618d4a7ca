set local lock_timeout = '5s';

-- The person blocked the account, or left: nothing is sent until they write again, or let it in.
alter table threads add unreachable_since timestamptz;
