set local lock_timeout = '5s';

-- What is passed on is a part of the payment, goes to somebody, and is said in one way only.
alter table payment_intents
  add constraint payment_intents_transfer check (
    (options #>> '{transfer_data,amount}')::bigint between 1 and amount
    and (options -> 'transfer_data' is null or options #>> '{transfer_data,destination}' ~ '^acct_')
    and (options #>> '{transfer_data,amount}' is null or options ->> 'application_fee_amount' is null)
  ) not valid;

-- What goes to sellers and comes back from them stands in the provider's account as well.
alter table balance_transactions
  drop constraint balance_transactions_kind_check,
  add constraint balance_transactions_kind_check check (kind in ('charge', 'charge_failure', 'refund', 'refund_failure',
    'dispute', 'dispute_reversal', 'transfer', 'transfer_reversal', 'application_fee', 'application_fee_refund',
    'fee', 'payout', 'payout_reversal', 'payout_fee', 'reserve_hold', 'reserve_release', 'other')) not valid;
