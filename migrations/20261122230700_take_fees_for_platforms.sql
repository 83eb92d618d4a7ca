set local lock_timeout = '5s';

-- Of the fee, what the platform gets that the account is connected to.
alter table balance_transactions
  add application_fee bigint not null default 0,
  add check (application_fee between least(fee, 0) and greatest(fee, 0));

-- A platform cannot ask for nothing, nor for more than the payment.
alter table payment_intents add constraint payment_intents_application_fee
  check ((options ->> 'application_fee_amount')::bigint between 1 and amount) not valid;
