import pg from 'pg'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { newUuid } from '#kernel/ids.ts'
import type { Posting } from '#ledger/posting.ts'
import { postLedger } from '#ledger/repo.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createLedgerService } from '#ledger/service.ts'
import { coalesce } from '#platform/coalesce.ts'
import { createSecrets } from '#platform/crypto.ts'
import { type Database, inTransaction, openDatabase, type Tx } from '#platform/database.ts'
import { startEmbeddedPostgres } from '#platform/embedded-postgres.ts'
import { createLogger } from '#platform/logger.ts'
import { createMetrics } from '#platform/metrics.ts'
import { migrate } from '#platform/migrate.ts'
import { makeDir, removeDir } from './app-process.ts'
import { createBaselines } from './ledger-baselines.ts'
import { measureLag } from './ledger-lag.ts'
import { fillLedger, measureBalances } from './ledger-volume.ts'
import { format, median, percentile, spread, table } from './statistics.ts'
import type { Settings } from './world.ts'

/** A database with fsync on, without a service: the ledger alone, 16 clients in this process. */
export interface LedgerBench {
  db: Database
  superuser: pg.Client
  merchant: string
  sealer: ReturnType<typeof createSealer>
  service: ReturnType<typeof createLedgerService>
}

const clients = 16
/** As many callers as a busy service writes together. */
const batch = 64

/** Posting beside other ways to keep an order, hot and cold accounts, the lag of the seals, and balances over many entries. */
export const benchLedger = async (settings: Settings & { entries: number }): Promise<string> => {
  const dir = await makeDir()
  await using postgres = await startEmbeddedPostgres({ dir })
  try {
    const bench = await open(postgres.databaseUrl, postgres.superuserUrl)
    try {
      return [
        await benchPosting(bench, settings),
        await measureLag(bench, settings, (seconds) => postFor(seconds, () => postOne(bench, sale()))),
        await benchVolume(bench, settings),
      ].join('\n\n')
    } finally {
      await bench.superuser.end()
      await bench.db.close()
    }
  } finally {
    await postgres.stop()
    removeDir(dir)
  }
}

const open = async (url: string, superuserUrl: string): Promise<LedgerBench> => {
  await migrate(url)
  const db = openDatabase({ url, poolMax: clients + 2, onError: (error) => console.error(error) })
  const superuser = new pg.Client({
    connectionString: Object.assign(new URL(superuserUrl), { pathname: '/parley' }).href,
  })
  await superuser.connect()
  const clock = { now: () => new Date() }
  const secrets = createSecrets('a secret of at least thirty-two characters')
  const sealer = createSealer({ db, clock, secrets, logger: createLogger('warn'), metrics: createMetrics() })
  const merchant = await createMerchant(db)
  return { db, superuser, merchant, sealer, service: createLedgerService({ db, clock, secrets, sealer }) }
}

export const createMerchant = async (db: Database): Promise<string> => {
  const merchantId = newUuid()
  const row = { merchant_id: merchantId, name: 'Noodle Bar', settings: '{}', created_at: new Date() }
  await inTransaction(db, merchantId, (tx) => tx.insertInto('merchants').values(row).execute())
  return merchantId
}

const eur: Currency = ((code: string) => {
  if (!isCurrency(code)) throw new RangeError(code)
  return code
})('eur')

/** One event of two entries. With a holder it moves an account of its own. */
const sale = (holder = ''): Posting => ({
  eventKey: newUuid(),
  kind: 'capture',
  description: 'Captured ch_3Q9xY2eZvKYlo2C01AbCdEfG',
  effectiveAt: new Date(),
  legs: [
    { code: '1110', currency: eur, amount: 4200n, holder },
    { code: '4010', currency: eur, amount: -4200n, holder },
  ],
})

const post = (tx: Tx, merchantId: string, ...postings: Posting[]): Promise<number> => {
  const ties = { merchantId, paymentIntentId: null, refundId: null, threadId: null }
  return postLedger(
    tx,
    postings.map((posting) => ({ ...ties, posting })),
    new Date(),
  )
}

const postAll = ({ db, merchant }: LedgerBench, postings: readonly Posting[]): Promise<unknown> =>
  inTransaction(db, merchant, (tx) => post(tx, merchant, ...postings))

/** As the service applies news: callers that come together share a transaction, each waits for its commit. */
const share = (write: (postings: readonly Posting[]) => Promise<unknown>): ((posting: Posting) => Promise<void>) =>
  coalesce<Posting, void>({
    run: async (postings) => {
      await write(postings)
      return postings.map(() => ({ ok: true, value: undefined }))
    },
  })

const postOne = (bench: LedgerBench, posting: Posting): Promise<unknown> => postAll(bench, [posting])

/** Transactions per second of 16 clients, each waiting for its commit. */
const postFor = async (seconds: number, act: (n: number) => Promise<unknown>): Promise<number> => {
  const started = performance.now()
  const end = started + seconds * 1000
  let done = 0
  const run = async (): Promise<void> => {
    while (performance.now() < end) await act(done++)
  }
  await Promise.all(Array.from({ length: clients }, run))
  return done / ((performance.now() - started) / 1000)
}

const benchPosting = async (bench: LedgerBench, { rounds, seconds }: Settings): Promise<string> => {
  const { db, merchant } = bench
  await postOne(bench, sale())
  const baselines = await createBaselines(bench)
  const within = (before: (tx: Tx) => Promise<unknown>) =>
    inTransaction(db, merchant, async (tx) => {
      await before(tx)
      await post(tx, merchant, sale())
    })
  const holders = Array.from({ length: 1000 }, (_, n) => `holder ${n}`)
  for (const holder of holders) await postOne(bench, sale(holder))
  const shared = share((postings: readonly Posting[]) => postAll(bench, postings))
  const rawShared = share((all) => baselines.insertRawBatch(all.length))
  const ways: Record<string, (n: number) => Promise<unknown>> = {
    'postLedger, one hot pair of accounts': () => shared(sale()),
    'the same, a thousand pairs': (n) => shared(sale(holders[n % holders.length])),
    'raw inserts of the same rows, no triggers, shared alike': () => rawShared(sale()),
    'postLedger, each in a transaction of its own': () => postOne(bench, sale()),
    'raw inserts, each in a transaction of its own': () => baselines.insertRaw('anew'),
    'the same, their plan kept': () => baselines.insertRaw('kept'),
    'postLedger under one advisory lock': () => within(baselines.lock),
    'postLedger with a gapless counter row': () => within(baselines.count),
    [`postLedger, batches of ${batch}`]: () =>
      postAll(
        bench,
        Array.from({ length: batch }, () => sale()),
      ),
    [`raw inserts, batches of ${batch}`]: () => baselines.insertRawBatch(batch),
  }
  const results = new Map(Object.keys(ways).map((name) => [name, [] as number[]]))
  for (const act of Object.values(ways)) await postFor(Math.min(1, seconds), act)
  // What autovacuum does within the minute: until then the raw tables' keys are checked by plans of empty tables.
  await bench.superuser.query(
    'vacuum (analyze) ledger_transactions, ledger_entries, ledger_accounts, bench_transactions, bench_entries',
  )
  for (let round = 0; round < rounds; round++) {
    for (const [name, act] of Object.entries(ways)) {
      const perSecond = await postFor(seconds, act)
      results.get(name)?.push(name.includes('batches') ? perSecond * batch : perSecond)
    }
  }
  const [hot, cold, raw, alone, rawAlone, , lock, counter, batched, rawBatched] = [...results.values()]
  const ratio = (a: number[] = [], b: number[] = []) =>
    format(median(a.map((value, n) => value / (b[n] ?? Number.NaN))), 2)
  return [
    `### Posting, ${clients} clients`,
    '',
    table(
      ['', 'transactions per second'],
      [...results].map(([name, values]) => [name, spread(values)]),
    ),
    '',
    `Beside the lock ${ratio(hot, lock)} (goal ≥ 3), beside the counter ${ratio(hot, counter)} (≥ 3), beside raw inserts ${ratio(hot, rawAlone)} ` +
      `(≥ 0.70; ${ratio(hot, raw)} where they share transactions too), hot beside cold ${ratio(hot, cold)} (≥ 0.95).`,
    `Each in a transaction of its own: ${ratio(alone, lock)}, ${ratio(alone, counter)} and ${ratio(alone, rawAlone)}; batches of ${batch} beside raw ones ${ratio(batched, rawBatched)}.`,
  ].join('\n')
}

const benchVolume = async (bench: LedgerBench, { entries, quick }: Settings & { entries: number }): Promise<string> => {
  const { merchant, sealedPerSecond } = await fillLedger(bench, entries)
  const times = await measureBalances(bench, merchant, quick ? 20 : 100)
  const rows = [...times].map(([name, values]) => [
    name,
    format(percentile(values, 0.5), 1),
    format(percentile(values, 0.95), 1),
  ])
  return [
    `### Trial balance over ${format(entries)} entries`,
    '',
    table(['', 'p50 ms', 'p95 ms'], rows),
    '',
    `Goal: p95 < 50 ms. The sealer numbered these at ${format(sealedPerSecond)} transactions per second.`,
  ].join('\n')
}
