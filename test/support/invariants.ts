import { type RawBuilder, sql } from 'kysely'
import { type IntentStatus, intentStatuses, isTerminal, judgeNews } from '#payments/intent-machine.ts'
import type { Db } from '#platform/database.ts'
import type { App } from '../../src/app.ts'
import { findBrokenMoney } from './money-invariants.ts'

/** What the simulator says truly happened (`GET /_sandbox/book`). */
export interface Book {
  payment_intents: {
    id: string
    status: string
    currency: string
    authorized: number
    captured: number
    refunded: number
    fees: number
    /** Withdrawn because of disputes and not reinstated, without the fees. */
    disputed: number
  }[]
  currencies: { currency: string; net: number; captured: number; refunded: number; fees: number; disputed: number }[]
  idempotency_keys: { key: string; effect: string; effects: number }[]
}

export const readTrialBalance = async (db: Db): Promise<{ currency: string; total: bigint }[]> => {
  const { rows } = await sql<{ currency: string; total: bigint }>`
    select currency, sum(amount)::bigint as total from ledger_entries group by currency`.execute(db)
  return rows
}

/**
 * The invariants that hold at any moment, and (once everything is quiet) those that compare us with the provider.
 * Returns a line per violation.
 */
export const findBrokenInvariants = async (app: App, book: Book): Promise<string[]> => {
  const db = app.db.maintenance
  const found = await Promise.all(queries.map(async ([name, query]) => label(name, await complaints(db, query))))
  return [
    ...found.flat(),
    ...label('I-03 balances = fold of entries', await foreignBalances(app)),
    ...label('I-05 provider book = ledger', await compareBook(db, book)),
    ...label('I-21 money at the provider', await findBrokenMoney(db, book)),
    ...label('I-08 only allowed edges', await forbiddenEdges(db)),
  ]
}

const label = (name: string, lines: readonly string[]): string[] => lines.map((line) => `${name}: ${line}`)

const complaints = async (db: Db, query: RawBuilder<{ what: string }>): Promise<string[]> =>
  (await query.execute(db)).rows.map((row) => row.what)

const queries: [string, RawBuilder<{ what: string }>][] = [
  [
    'I-01 every transaction balances',
    sql`select transaction_id || ' ' || currency || ' ' || sum(amount) as what from ledger_entries
        group by merchant_id, transaction_id, currency having sum(amount) <> 0 or count(*) < 2`,
  ],
  [
    'I-01 no transaction without entries',
    sql`select t.event_key as what from ledger_transactions t where not exists
        (select from ledger_entries e where e.merchant_id = t.merchant_id and e.transaction_id = t.id)`,
  ],
  [
    'I-02 every currency balances',
    sql`select currency || ' ' || sum(amount) as what from ledger_entries group by currency having sum(amount) <> 0`,
  ],
  [
    'I-04 never over the limit',
    sql`select id || ' captured ' || amount_captured || ' of ' || amount_authorized || ', refunded ' || amount_refunded
          || ' + ' || amount_refund_pending as what
        from payment_intents where amount_captured > amount_authorized or amount_refunded + amount_refund_pending > amount_captured
          or least(amount_authorized, amount_capturable, amount_captured, amount_refunded, amount_refund_pending) < 0`,
  ],
  [
    'I-04 totals = refunds',
    sql`select i.id || ' says ' || i.amount_refunded || ' + ' || i.amount_refund_pending as what from payment_intents i
        left join (select merchant_id, payment_intent_id,
            coalesce(sum(amount) filter (where status = 'succeeded'), 0) as done,
            coalesce(sum(amount) filter (where status in ('pending', 'requires_action')), 0) as pending
          from refunds group by 1, 2) r on r.merchant_id = i.merchant_id and r.payment_intent_id = i.id
        where i.amount_refunded <> coalesce(r.done, 0) or i.amount_refund_pending <> coalesce(r.pending, 0)`,
  ],
  [
    'I-05 one ledger transaction per event',
    sql`select event_key as what from ledger_transactions group by merchant_id, event_key having count(*) > 1`,
  ],
  [
    'I-07 every provider event is worked off',
    sql`select id || ' ' || type || ' ' || coalesce(reason, '') as what from provider_events where state = 'received'`,
  ],
  [
    'I-18 a settled dispute leaves nothing on 1150',
    sql`select d.id || ' ' || e.currency || ' ' || sum(e.amount) as what from disputes d
        join ledger_transactions t on t.merchant_id = d.merchant_id and t.refs->>'object' = d.provider_ref
        join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
        join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id and a.code = '1150'
        where d.settled_at is not null group by d.merchant_id, d.id, e.currency having sum(e.amount) <> 0`,
  ],
  [
    'I-18 1150 = what disputes have open',
    sql`select coalesce(b.currency, m.currency) || ' ledger ' || coalesce(b.total, 0) || ' disputes ' || coalesce(m.total, 0) as what
        from (select e.currency, sum(e.amount) as total from ledger_entries e join ledger_accounts a
            on a.merchant_id = e.merchant_id and a.id = e.account_id and a.code = '1150' group by 1) b
        full join (select currency, sum(case when kind = 'withdrawn' then amount else -amount end) as total
            from dispute_movements group by 1) m on m.currency = b.currency
        where coalesce(b.total, 0) <> coalesce(m.total, 0)`,
  ],
  ['I-12 the outbox is empty', sql`select event_id::text as what from outbox`],
  [
    'I-17 a call has its key first',
    sql`select id || ' ' || kind as what from operations where state not in ('created', 'failed') and sent_at is null`,
  ],
  [
    'I-09 nothing waits for an operation that is over',
    sql`select id || ' ' || kind || ' ' || state as what from operations
        where state in ('succeeded', 'failed', 'conflicted') and finished_at is null`,
  ],
]

/** What the API calls an account's balance, against the sum of its entries. */
const foreignBalances = async ({ db, services }: App): Promise<string[]> => {
  const { rows } = await sql<{ merchant_id: string; code: string; currency: string; total: bigint }>`
    select a.merchant_id, a.code, a.currency, sum(e.amount)::bigint as total from ledger_entries e
    join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id group by 1, 2, 3`.execute(
    db.maintenance,
  )
  const broken: string[] = []
  for (const [merchantId, accounts] of Map.groupBy(rows, (row) => row.merchant_id)) {
    const shown = await services.ledger.trialBalance(merchantId, {})
    // What is held for somebody is an account of theirs, so a code may have several lines.
    const balances = new Map<string, number>()
    for (const { code, currency, balance } of shown.data) {
      const key = `${code} ${currency}`
      balances.set(key, (balances.get(key) ?? 0) + balance)
    }
    for (const { code, currency, total } of accounts) {
      const balance = balances.get(`${code} ${currency}`)
      if (balance !== Number(total)) broken.push(`${code} ${currency}: API says ${balance}, entries say ${total}`)
    }
  }
  return broken
}

interface Kept {
  ref: string
  id: string
  authorized: bigint
  captured: bigint
  refunded: bigint
  fees: bigint
  held: bigint
  disputed: bigint
}

/** Every money fact of the simulator has its ledger transaction, once and to the unit; and none is booked without one. */
const compareBook = async (db: Db, book: Book): Promise<string[]> => {
  const { rows } = await sql<Kept>`
    select i.provider_ref as ref, i.id,
      coalesce(sum(e.amount) filter (where t.kind in ('capture', 'bill_share') and a.code = '1110'), 0)::bigint as captured,
      coalesce(-sum(e.amount) filter (where t.kind in ('refund', 'refund_failure', 'bill_cancel') and a.code = '1110'), 0)::bigint as refunded,
      coalesce(-sum(e.amount) filter (where t.kind = 'fee' and a.code = '1110'), 0)::bigint
        + coalesce(sum(e.amount) filter (where a.code = '5020'), 0)::bigint as fees,
      coalesce(sum(e.amount) filter (where t.kind in ('dispute', 'dispute_reversal') and a.code = '1150'), 0)::bigint as disputed,
      coalesce(sum(e.amount) filter (where a.code = '9010'), 0)::bigint as held
    from payment_intents i
    left join ledger_transactions t on t.merchant_id = i.merchant_id and t.payment_intent_id = i.id
    left join ledger_entries e on e.merchant_id = t.merchant_id and e.transaction_id = t.id
    left join ledger_accounts a on a.merchant_id = e.merchant_id and a.id = e.account_id
    where i.provider = 'stripe'
    group by i.merchant_id, i.id`.execute(db)
  const pending = await readPendingRefunds(db)
  const ours = new Map(rows.map((row) => [row.ref, row]))
  const broken = book.payment_intents.flatMap((theirs) => {
    const own = ours.get(theirs.id)
    const hold = theirs.status === 'requires_capture' ? theirs.authorized - theirs.captured : 0
    const wanted = [theirs.captured, theirs.refunded, theirs.fees, hold, theirs.disputed].map(String).join(' ')
    const got = own
      ? [own.captured, own.refunded + (pending.get(own.id) ?? 0n), own.fees, own.held, own.disputed].join(' ')
      : '0 0 0 0 0'
    return wanted === got
      ? []
      : [`${theirs.id} (captured refunded fees held disputed): provider ${wanted}, ledger ${got}`]
  })
  const known = new Set(book.payment_intents.map((one) => one.id))
  const invented = rows.filter(
    (row) => !known.has(row.ref) && (row.captured !== 0n || row.refunded !== 0n || row.held !== 0n),
  )
  const doubled = book.idempotency_keys.filter((key) => key.effects > 1)
  return [
    ...broken,
    ...invented.map((row) => `${row.ref} is booked, but the provider does not know it`),
    ...doubled.map((key) => `the key ${key.key} had ${key.effects} effects ${key.effect}`),
  ]
}

/** A refund that is under way counts at the provider already; we book it when it is done. */
const readPendingRefunds = async (db: Db): Promise<Map<string, bigint>> => {
  const { rows } = await sql<{ id: string; amount: bigint }>`
    select payment_intent_id as id, sum(amount)::bigint as amount from refunds
    where status = 'pending' and provider_ref is not null group by 1`.execute(db)
  return new Map(rows.map((row) => [row.id, row.amount]))
}

/** Each payment's public events, told in order, lead to its status by allowed steps, and none leaves an end. */
const forbiddenEdges = async (db: Db): Promise<string[]> => {
  const { rows } = await sql<{ id: string; status: string; steps: string[] }>`
    select i.id, i.status, array_agg(e.data->>'status' order by e.created_at, e.ctid) as steps
    from payment_intents i join events e on e.merchant_id = i.merchant_id and e.payment_intent_id = i.id
    where e.type like 'payment_intent.%' and e.type <> 'payment_intent.updated' group by i.merchant_id, i.id`.execute(
    db,
  )
  return rows.flatMap(({ id, status, steps }) => {
    const path = [...steps, status].filter(isStatus)
    return path.slice(1).flatMap((to, index) => {
      const from = path[index] ?? 'requires_payment_method'
      const isFine = from === to || (!isTerminal(from) && judgeNews(from, to) === 'forward')
      return isFine ? [] : [`${id}: ${path.join(' → ')}`]
    })
  })
}

const isStatus = (text: string): text is IntentStatus => (intentStatuses as readonly string[]).includes(text)
