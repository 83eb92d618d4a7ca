import type { ExportContext, LineFormat } from '#exports/format.ts'
import type { JournalAccount, JournalTransaction } from '#exports/journal.ts'
import { currencyExponent } from '#kernel/currencies.ts'
import { showId } from '#kernel/ids.ts'
import { accountNames, decimal, finalBalances, isLeftOut, isWhole, type NamedAccount } from './plain-text.ts'
import { objectOf } from './transaction-names.ts'

/** A file that `bean-check` accepts. Readers order it by date and keep our order within a day. */
export const beancount: LineFormat = {
  name: 'beancount',
  shape: 'lines',
  title: 'Plain-text accounting: beancount and Fava',
  contentType: 'text/plain; charset=utf-8',
  extension: 'beancount',
  target: 'beancount',
  needsBalances: true,
  needsWholeTransactions: true,
  open(context) {
    const nameOf = accountNames(context)
    let current: JournalTransaction | undefined
    return {
      head: () => options(context) + declarations(context, nameOf),
      line({ transaction, account, amount }) {
        if (isLeftOut(context, account)) return ''
        const named = nameOf(account)
        const posting = `  ${named.path}  ${decimal(named, amount)} ${named.symbol}\n`
        if (transaction === current) return posting
        current = transaction
        return headerOf(transaction) + posting
      },
      tail: () => (isWhole(context) ? assertions(context, nameOf) : ''),
    }
  },
}

type NameOf = (account: JournalAccount) => NamedAccount

const options = ({ merchant, baseCurrency }: ExportContext): string =>
  `option "title" ${quoted(merchant.name)}\noption "operating_currency" "${baseCurrency.toUpperCase()}"\n`

const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`

/** Commodities and accounts, open from the first day of the file. */
const declarations = (context: ExportContext, nameOf: NameOf): string => {
  if (context.days === null) return ''
  const { first } = context.days
  const commodities = new Map<string, string>()
  const accounts = new Map<string, string>()
  for (const { account } of context.closing) {
    if (isLeftOut(context, account)) continue
    const { path, symbol, currency } = nameOf(account)
    commodities.set(symbol, `${first} commodity ${symbol}\n  precision: ${currencyExponent(currency)}\n`)
    const holder = account.holder === '' ? '' : `  holder: ${quoted(account.holder)}\n`
    accounts.set(path, `${first} open ${path}\n  code: ${quoted(context.mapped(account).code)}\n${holder}`)
  }
  return `\n${[...commodities.values()].join('')}\n${[...accounts.values()].join('')}`
}

const headerOf = (transaction: JournalTransaction): string => {
  const { seq, effectiveOn, originalEffectiveOn, valueOn, kind, description, threadId, reversesId } = transaction
  return [
    `\n${effectiveOn} * ${quoted(description)} #${linkable(kind)} ^${linkable(objectOf(transaction))}\n`,
    `  seq: ${seq}\n`,
    valueOn === null ? '' : `  value_date: ${valueOn}\n`,
    threadId === null ? '' : `  thread: "${showId('thread', threadId)}"\n`,
    reversesId === null ? '' : `  reverses: "${showId('ledgerTransaction', reversesId)}"\n`,
    originalEffectiveOn === null ? '' : `  happened: ${originalEffectiveOn}\n`,
  ].join('')
}

/** Tags and links hold nothing else. */
const linkable = (text: string): string => text.replaceAll(/[^A-Za-z0-9\-_/.]/g, '-')

/**
 * A balance is checked at the beginning of its day, hence the day after the last. `~ 0` takes away the tolerance
 * of one minor unit that beancount else grants.
 */
const assertions = (context: ExportContext, nameOf: NameOf): string => {
  if (context.days === null) return ''
  const day = dayAfter(context.days.last)
  const lines = finalBalances(context, nameOf).map(
    (balance) => `${day} balance ${balance.path}  ${decimal(balance, balance.amount)} ~ 0 ${balance.symbol}\n`,
  )
  return `\n${lines.join('')}`
}

const dayAfter = (day: string): string => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10)
