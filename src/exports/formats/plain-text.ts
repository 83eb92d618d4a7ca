import type { ExportContext } from '#exports/format.ts'
import type { JournalAccount } from '#exports/journal.ts'
import { type Currency, isCurrency } from '#kernel/currencies.ts'
import { toDecimalString } from '#kernel/money.ts'
import type { AccountCode, AccountType } from '#ledger/chart.ts'

/** What the formats of plain-text accounting (hledger, ledger, beancount) share. */

/** An account as a file names it: its path and currency, `EUR`. */
export interface NamedAccount {
  readonly path: string
  readonly currency: Currency
  readonly symbol: string
}

/**
 * Names accounts, each once: `Assets:PSP:Pending`, wallets and holds with their holder below. A merchant's own name
 * is a path as well (`Assets:Stripe`), put below the root of its type where it names none. Parts hold letters, digits
 * and dashes and begin with a capital or a digit (an X is put before scripts that have none), as beancount wants them;
 * hledger takes them too.
 */
export const accountNames = (context: ExportContext): ((account: JournalAccount) => NamedAccount) => {
  const known = new Map<JournalAccount, NamedAccount>()
  return (account) => {
    const found = known.get(account)
    if (found) return found
    const { currency, holder } = account
    if (!isCurrency(currency)) throw new RangeError(`unknown currency ${currency}`)
    const path = pathOf(account, context.mapped(account).name) + (holder === '' ? '' : `:${holderPart(holder)}`)
    const named = { path, currency, symbol: currency.toUpperCase() }
    known.set(account, named)
    return named
  }
}

export interface FinalBalance extends NamedAccount {
  readonly amount: bigint
}

/** What every path holds in every currency after the last line. Two accounts of one name are one account to a reader. */
export const finalBalances = (
  context: ExportContext,
  nameOf: (account: JournalAccount) => NamedAccount,
): FinalBalance[] => {
  const byName = new Map<string, FinalBalance>()
  for (const { account, debit, credit } of context.closing) {
    if (isLeftOut(context, account)) continue
    const named = nameOf(account)
    const key = `${named.path} ${named.symbol}`
    byName.set(key, { ...named, amount: (byName.get(key)?.amount ?? 0n) + debit - credit })
  }
  return [...byName.values()]
}

export const isLeftOut = ({ options }: ExportContext, { type }: JournalAccount): boolean =>
  options.withoutMemo && type === 'memo'

/** Whether the file holds the ledger from its beginning: only then are its sums the balances. */
export const isWhole = ({ fromSeq, from, to, isNarrowed }: ExportContext): boolean =>
  fromSeq === 0n && from === null && to === null && !isNarrowed

export const decimal = ({ currency }: NamedAccount, amount: bigint): string => toDecimalString(amount, currency)

const roots: Readonly<Record<AccountType, string>> = {
  asset: 'Assets',
  liability: 'Liabilities',
  equity: 'Equity',
  revenue: 'Income',
  expense: 'Expenses',
  memo: 'Equity',
}

const rootNames: ReadonlySet<string> = new Set(Object.values(roots))

const pathOf = ({ code, name, type }: JournalAccount, ownName: string): string => {
  const root = roots[type]
  if (ownName === name) return paths.get(code) ?? `${root}:${code}`
  const parts = ownName.split(':').map(safePart).filter(Boolean)
  const own = rootNames.has(parts[0] ?? '') ? parts : [root, ...parts]
  return own.length > 1 ? own.join(':') : `${root}:${code}`
}

const safePart = (text: string): string => {
  const safe = text.replaceAll(/[^\p{L}\p{Nd}]+/gu, '-').replaceAll(/^-+|-+$/g, '')
  const part = safe.slice(0, 1).toUpperCase() + safe.slice(1)
  return part === '' || /^[\p{Lu}\p{Nd}]/u.test(part) ? part : `X${part}`
}

/** One holder, one name: an id keeps its look (`usr_7` → `Id-usr-7`), anything else is spelt out in hexadecimal digits. */
const holderPart = (holder: string): string => {
  if (/^[\p{L}\p{Nd}]+(_[\p{L}\p{Nd}]+)*$/u.test(holder)) return `Id-${holder.replaceAll('_', '-')}`
  return `Hex-${[...holder].map((character) => character.codePointAt(0)?.toString(16)).join('-')}`
}

const pathByCode = {
  1010: 'Assets:Bank:Operating',
  1020: 'Assets:Bank:Safeguarded',
  1110: 'Assets:PSP:Pending',
  1120: 'Assets:PSP:Available',
  1130: 'Assets:PSP:Reserve',
  1140: 'Assets:PSP:PayoutsInTransit',
  1150: 'Assets:PSP:Disputed',
  1210: 'Assets:DueFromMerchants',
  1230: 'Assets:Tax:InputVAT',
  1390: 'Assets:Suspense',
  2010: 'Liabilities:Merchants:Pending',
  2011: 'Liabilities:Merchants:Available',
  2020: 'Liabilities:Wallets',
  2030: 'Liabilities:Held:RedPackets',
  2031: 'Liabilities:Held:SplitBills',
  2032: 'Liabilities:Held:Transfers',
  2040: 'Liabilities:RefundsPayable',
  2060: 'Liabilities:Tips',
  2090: 'Liabilities:UnidentifiedReceipts',
  2310: 'Liabilities:Tax:OutputVAT',
  2320: 'Liabilities:Tax:WithheldForMerchants',
  3100: 'Equity:RetainedEarnings',
  3900: 'Equity:CurrencyTrading',
  4010: 'Income:Sales',
  4020: 'Income:Shipping',
  4030: 'Income:PlatformFees',
  4040: 'Income:FXMargin',
  4090: 'Income:SalesRefunds',
  4096: 'Income:PlatformFeeRefunds',
  5010: 'Expenses:Fees:Processing',
  5020: 'Expenses:Fees:Disputes',
  5030: 'Expenses:Fees:Payouts',
  5050: 'Expenses:Chargebacks',
  5060: 'Expenses:BadDebt',
  5070: 'Expenses:PaymentsToPeople',
  5310: 'Expenses:FX:Realised',
  5320: 'Expenses:FX:Unrealised',
  5390: 'Expenses:Rounding',
  9010: 'Equity:Memo:Authorised',
  9011: 'Equity:Memo:AuthorisedContra',
} as const satisfies Record<AccountCode, string>

const paths: ReadonlyMap<string, string> = new Map(Object.entries(pathByCode))
