import { sql } from 'kysely'
import { type BalancePoint, readBalances as readAccountBalances } from '#ledger/balance-repo.ts'
import { copyOut } from '#platform/copy-out.ts'
import { type Database, inTransaction, type Tx } from '#platform/database.ts'
import type { TextForm } from './copied-text.ts'
import type { ExportContext } from './format.ts'
import type { AccountBalance, JournalAccount, JournalLine } from './journal.ts'
import { createJournalDecoder } from './journal-decoder.ts'
import { selectDays, selectJournal } from './journal-sql.ts'
import type { ExportSpec, SeqRange } from './spec.ts'

export interface JournalSource {
  readonly db: Database
  readonly databaseUrl: string
}

export type Accounts = ReadonlyMap<string, JournalAccount>

/** Opened accounts never change, only new ones come: all that sealed lines name are there. */
export const readAccounts = ({ db }: JournalSource, merchantId: string): Promise<Accounts> =>
  inTransaction(db, merchantId, async (tx) => {
    const rows = await tx
      .selectFrom('ledger_accounts')
      .select(['id', 'code', 'name', 'type', 'currency', 'holder'])
      .where('merchant_id', '=', merchantId)
      .execute()
    return new Map(rows.map((row) => [row.id, row]))
  })

/** Lines of a range of seals that pass the filter, by (seq, line): one COPY, one short transaction. */
export async function* readLines(
  source: JournalSource,
  spec: Pick<ExportSpec, 'merchant' | 'filter'>,
  range: SeqRange,
  accounts: Accounts,
  form: TextForm,
): AsyncGenerator<JournalLine[]> {
  const ids = await readIdRange(source, spec.merchant.id, range)
  if (!ids) return
  const decoder = createJournalDecoder(accounts, form)
  const select = selectJournal(spec.merchant.id, spec.filter, range, ids)
  for await (const bytes of copyOut(source.databaseUrl, spec.merchant.id, select)) yield decoder.push(bytes)
  decoder.end()
}

const readIdRange = ({ db }: JournalSource, merchantId: string, range: SeqRange) =>
  inTransaction(db, merchantId, async (tx) => {
    const { rows } = await sql<{ first: string | null; last: string | null }>`
      select min(transaction_id::text) as first, max(transaction_id::text) as last from ledger_seals
      where merchant_id = ${merchantId} and seq > ${range.fromSeq} and seq <= ${range.asOfSeq}`.execute(tx)
    const [row] = rows
    return row?.first && row.last ? { first: row.first, last: row.last } : undefined
  })

/** What formats are told of the lines before they see them; only those that ask pay for it. */
export const readBounds = async (
  source: JournalSource,
  spec: Pick<ExportSpec, 'merchant' | 'filter'>,
  range: SeqRange,
): Promise<Pick<ExportContext, 'days' | 'opening' | 'closing'>> => ({
  days: await readDays(source, spec, range),
  ...(await inTransaction(source.db, spec.merchant.id, async (tx) => {
    const { from, before } = spec.filter
    const at = (asOfSeq: bigint, until: string | null) =>
      balancesAt(tx, spec, { asOfSeq, before: until === null ? undefined : new Date(until) })
    // Before the first line is what has an earlier seq or took effect earlier; what is both counts once.
    const bySeq = await at(range.fromSeq, before)
    const opening = from === null ? bySeq : add(bySeq, await at(range.asOfSeq, from), await at(range.fromSeq, from))
    return { opening, closing: await at(range.asOfSeq, before) }
  })),
})

const readDays = async (
  source: JournalSource,
  { merchant, filter }: Pick<ExportSpec, 'merchant' | 'filter'>,
  range: SeqRange,
): Promise<ExportContext['days']> => {
  let row = ''
  for await (const bytes of copyOut(source.databaseUrl, merchant.id, selectDays(merchant.id, filter, range)))
    row += bytes.toString('latin1')
  const [first = '', last = ''] = row.trim().split('\t')
  return first === '\\N' || first === '' ? null : { first, last }
}

const balancesAt = async (
  tx: Tx,
  { merchant, filter }: Pick<ExportSpec, 'merchant' | 'filter'>,
  point: BalancePoint,
): Promise<AccountBalance[]> => {
  if (point.asOfSeq === 0n) return []
  const rows = await readAccountBalances(tx, merchant.id, point, {
    accountIds: filter.accountIds ?? undefined,
    currency: filter.currency ?? undefined,
  })
  return rows
    .filter(({ id }) => !filter.exceptIds?.includes(id))
    .map(({ debit, credit, baseDebit, baseCredit, ...account }) => ({
      account,
      debit,
      credit,
      base: baseDebit - baseCredit,
    }))
}

/** a + b − both, by account. */
const add = (
  a: readonly AccountBalance[],
  b: readonly AccountBalance[],
  both: readonly AccountBalance[],
): AccountBalance[] => {
  const sums = new Map<string, AccountBalance>()
  for (const [balances, sign] of [
    [a, 1n],
    [b, 1n],
    [both, -1n],
  ] as const) {
    for (const one of balances) {
      const sum = sums.get(one.account.id) ?? { account: one.account, debit: 0n, credit: 0n, base: 0n }
      sums.set(one.account.id, {
        account: one.account,
        debit: sum.debit + sign * one.debit,
        credit: sum.credit + sign * one.credit,
        base: sum.base + sign * one.base,
      })
    }
  }
  const key = ({ account: { code, currency, holder } }: AccountBalance): string => `${code} ${currency} ${holder}`
  return [...sums.values()]
    .filter(({ debit, credit }) => debit !== 0n || credit !== 0n)
    .sort((one, other) => (key(one) < key(other) ? -1 : 1))
}
