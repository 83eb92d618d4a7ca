import { sql } from 'kysely'
import { copyOut } from '#platform/copy-out.ts'
import { type Database, inTransaction } from '#platform/database.ts'
import type { AccountBalance, JournalAccount, JournalLine } from './journal.ts'
import { createJournalDecoder } from './journal-decoder.ts'
import { selectBalances, selectJournal } from './journal-sql.ts'
import type { ExportSpec, JournalFilter, SeqRange } from './spec.ts'

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
): AsyncGenerator<JournalLine[]> {
  const ids = await readIdRange(source, spec.merchant.id, range)
  if (!ids) return
  const decoder = createJournalDecoder(accounts)
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

/** Balances before the first line of the range and after the last, by (code, currency, holder). */
export const readBalances = async (
  source: JournalSource,
  spec: { merchant: { id: string }; filter: JournalFilter },
  range: SeqRange,
  accounts: Accounts,
): Promise<{ opening: AccountBalance[]; closing: AccountBalance[] }> => {
  const chunks: Buffer[] = []
  const select = selectBalances(spec.merchant.id, spec.filter, range)
  for await (const bytes of copyOut(source.databaseUrl, spec.merchant.id, select)) chunks.push(bytes)
  const rows = Buffer.concat(chunks).toString('utf8').split('\n').filter(Boolean)
  const balances = rows.map((row) => {
    const [id = '', ...sums] = row.split('\t')
    const account = accounts.get(id)
    if (!account) throw new Error(`the balances name an account that was not read: ${id}`)
    const [d0 = 0n, c0 = 0n, b0 = 0n, d1 = 0n, c1 = 0n, b1 = 0n] = sums.map(BigInt)
    return {
      opening: { account, debit: d0, credit: c0, base: b0 },
      closing: { account, debit: d1, credit: c1, base: b1 },
    }
  })
  const key = ({ account: { code, currency, holder } }: AccountBalance) => `${code} ${currency} ${holder}`
  balances.sort((a, b) => (key(a.opening) < key(b.opening) ? -1 : 1))
  return {
    opening: balances.map(({ opening }) => opening).filter(({ debit, credit }) => debit !== 0n || credit !== 0n),
    closing: balances.map(({ closing }) => closing),
  }
}
