import type { ExportContext, LineFormat } from '#exports/format.ts'
import type { JournalAccount, JournalTransaction } from '#exports/journal.ts'
import { type Currency, currencyExponent } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import type { AccountType } from '#ledger/chart.ts'
import { accountNames, decimal, finalBalances, isLeftOut, isWhole, type NamedAccount } from './plain-text.ts'
import { objectOf } from './transaction-names.ts'

/** One file that `hledger check --strict` and `ledger --strict --pedantic` both accept. */
export const hledger: LineFormat = {
  name: 'hledger',
  shape: 'lines',
  title: 'Plain-text accounting: hledger and ledger',
  contentType: 'text/plain; charset=utf-8',
  extension: 'journal',
  target: 'hledger',
  needsBalances: true,
  needsWholeTransactions: true,
  open(context) {
    const nameOf = accountNames(context)
    const lengths = context.closing.map(({ account }) => nameOf(account).path.length)
    const columns = lengths.reduce((most, length) => Math.max(most, length), 0) // exact: counts characters
    const postingOf = postings(nameOf, columns)
    let current: JournalTransaction | undefined
    return {
      head: () => commodities(context, nameOf) + accounts(context, nameOf),
      line({ transaction, account, amount }) {
        if (isLeftOut(context, account)) return ''
        const posting = postingOf(account, amount)
        if (transaction === current) return posting
        current = transaction
        return headerOf(transaction) + posting
      },
      tail: () => (isWhole(context) ? assertions(context, nameOf, columns) : ''),
    }
  },
}

type NameOf = (account: JournalAccount) => NamedAccount
type PostingOf = (account: JournalAccount, amount: bigint) => string

const amountColumns = 14

/** Writes `  Assets:PSP:Pending       120.00 EUR`, the part before the amount once per account. */
const postings = (nameOf: NameOf, columns: number): PostingOf => {
  const beginnings = new Map<JournalAccount, string>()
  const begin = (account: JournalAccount): string => {
    const beginning = `  ${nameOf(account).path.padEnd(columns)}  `
    beginnings.set(account, beginning)
    return beginning
  }
  return (account, amount) => {
    const named = nameOf(account)
    const text = decimal(named, amount).padStart(amountColumns)
    return `${beginnings.get(account) ?? begin(account)}${text} ${named.symbol}\n`
  }
}

/** A value date follows its `=`; hledger and ledger both report by it when asked (`--date2`, `--aux-date`). */
const headerOf = (transaction: JournalTransaction): string => {
  const { seq, effectiveOn, valueOn, kind, description, threadId, reversesId, originalEffectiveOn } = transaction
  const dates = valueOn === null || valueOn === effectiveOn ? effectiveOn : `${effectiveOn}=${valueOn}`
  const thread = threadId === null ? '' : `, thread:${showId('thread', threadId)}`
  const reverses = reversesId === null ? '' : `, reverses:${showId('ledgerTransaction', reversesId)}`
  const happened = originalEffectiveOn === null ? '' : `, happened:${originalEffectiveOn}`
  const tags = `kind:${kind}${thread}, ext:${tagValue(objectOf(transaction))}${reverses}${happened}`
  return `\n${dates} * (J${seq}) ${safeText(description) || kind}\n  ; ${tags}\n`
}

/** `;` begins a comment, `|` divides payee and note, and two spaces end a description. */
const safeText = (text: string): string =>
  unsafe.test(text) ? text.replaceAll(';', ',').replaceAll('|', '/').replaceAll(/\s+/g, ' ').trim() : text

const unsafe = /[;|]|\s\s|[^\S ]|^\s|\s$/

const tagValue = (text: string): string => text.replaceAll(/[\s,;]+/g, '_')

/** Where there is no minor unit there is no format: ledger refuses `1,000. JPY` and hledger reads `1,000 JPY` as one yen. */
const commodities = (context: ExportContext, nameOf: NameOf): string => {
  const currencies = new Map(finalBalances(context, nameOf).map(({ symbol, currency }) => [symbol, currency]))
  return [...currencies]
    .sort()
    .map(([symbol, currency]) => `commodity ${symbol}\n${formatOf(symbol, currency)}`)
    .join('')
}

const formatOf = (symbol: string, currency: Currency): string => {
  const digits = currencyExponent(currency)
  return digits === 0 ? '' : `  format 1,000.${'0'.repeat(digits)} ${symbol}\n`
}

const accounts = (context: ExportContext, nameOf: NameOf): string => {
  const declared = new Map<string, string>()
  for (const { account } of context.closing) {
    const { path } = nameOf(account)
    if (isLeftOut(context, account) || declared.has(path)) continue
    const holder = account.holder === '' ? '' : `, holder: ${tagValue(account.holder)}`
    declared.set(
      path,
      `account ${path}\n  ; type: ${typeOf(account)}, code: ${context.mapped(account).code}${holder}\n`,
    )
  }
  return declared.size === 0 ? '' : `\n${[...declared.values()].join('')}`
}

const types: Readonly<Record<AccountType, string>> = {
  asset: 'A',
  liability: 'L',
  equity: 'E',
  revenue: 'R',
  expense: 'X',
  memo: 'E',
}

/** C is cash; V is what conversions go through, which keeps 3900 out of the balance sheet's equity. */
const typeOf = ({ code, type }: JournalAccount): string => ({ 1010: 'C', 1020: 'C', 3900: 'V' })[code] ?? types[type]

/**
 * Asserts every balance in a last transaction of zeros. It stands last in the file, as ledger checks, and on the last
 * day, as hledger does.
 */
const assertions = (context: ExportContext, nameOf: NameOf, columns: number): string => {
  const balances = finalBalances(context, nameOf)
  if (context.days === null || balances.length === 0) return ''
  const lines = balances.map((balance) => {
    const zero = decimal(balance, 0n).padStart(amountColumns)
    const { path, symbol, amount } = balance
    return `  ${path.padEnd(columns)}  ${zero} ${symbol} = ${decimal(balance, amount)} ${symbol}\n`
  })
  return `\n${context.days.last} * Balances after J${context.asOfSeq}\n${lines.join('')}`
}
