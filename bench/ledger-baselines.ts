import { sql } from 'kysely'
import { newUuid } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { LedgerBench } from './ledger.ts'

/** Other ways: what others do to number a ledger as they write it, and what the tables take without our triggers. The merchant has posted. */
export const createBaselines = async ({ db, superuser, merchant }: LedgerBench) => {
  await superuser.query(`
    create table bench_transactions (like ledger_transactions including all);
    create table bench_entries (like ledger_entries including all);
    create table bench_counter (merchant_id uuid primary key, seq bigint not null);
    insert into bench_counter values ('${merchant}', 0);
    alter table bench_entries add foreign key (merchant_id, transaction_id) references bench_transactions;
    alter table bench_entries add foreign key (merchant_id, account_id) references ledger_accounts;
    grant select, insert, update on bench_transactions, bench_entries, bench_counter to parley_app`)
  const { rows } = await superuser.query<{ id: string }>(
    `select id from ledger_accounts where merchant_id = $1 order by id limit 2`,
    [merchant],
  )
  const accounts = rows.map((row) => row.id)
  return {
    /** One statement and one commit, as postLedger has them, with the same indexes, checks and foreign keys. */
    insertRaw: (plan: 'kept' | 'anew') =>
      inTransaction(db, merchant, (tx) => {
        const id = newUuid()
        const now = new Date()
        return sql`${sql.raw(plan === 'kept' ? '/* named insert_raw */ ' : '')}with header as (
            insert into bench_transactions (merchant_id, id, event_key, kind, description, effective_at, created_at, base_currency)
            values (${merchant}, ${id}, ${newUuid()}, 'capture', 'Captured ch_3Q9xY2eZvKYlo2C01AbCdEfG', ${now}, ${now}, 'eur')
          )
          insert into bench_entries (merchant_id, transaction_id, line, account_id, currency, amount, base_amount)
          values (${merchant}, ${id}, 1, ${accounts[0]}, 'eur', 4200, 4200), (${merchant}, ${id}, 2, ${accounts[1]}, 'eur', -4200, -4200)`.execute(
          tx,
        )
      }),
    /** Many events in one statement, as a batch of callers writes them. */
    insertRawBatch: (size: number) =>
      inTransaction(db, merchant, (tx) => {
        const ids = Array.from({ length: size }, newUuid)
        const now = new Date()
        return sql`with made as materialized (select * from unnest(${ids}::uuid[], ${ids.map(newUuid)}::text[]) as m (id, key)),
          header as (
            insert into bench_transactions (merchant_id, id, event_key, kind, description, effective_at, created_at, base_currency)
            select ${merchant}, id, key, 'capture', 'Captured ch_3Q9xY2eZvKYlo2C01AbCdEfG', ${now}::timestamptz, ${now}::timestamptz, 'eur'
            from made
          )
          insert into bench_entries (merchant_id, transaction_id, line, account_id, currency, amount, base_amount)
          select ${merchant}, id, line, account::uuid, 'eur', amount, amount
          from made cross join (values (1, ${accounts[0]}, 4200), (2, ${accounts[1]}, -4200)) as side (line, account, amount)`.execute(
          tx,
        )
      }),
    lock: (tx: Tx) => sql`select pg_advisory_xact_lock(4200)`.execute(tx),
    count: (tx: Tx) =>
      sql`update bench_counter set seq = seq + 1 where merchant_id = ${merchant} returning seq`.execute(tx),
  }
}
