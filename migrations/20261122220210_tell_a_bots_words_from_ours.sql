set local lock_timeout = '5s';

-- The text was written by the merchant's bot. Ours is made from the card, again each time that the card is shown.
alter table messages add has_own_words boolean not null default false;
