set local lock_timeout = '5s';

-- The person blocked the account or left, and took it in again or wrote: the later of the two counts, in whatever order
-- they are heard. Until then nothing is sent.
alter table threads add unreachable_since timestamptz, add reachable_at timestamptz;
