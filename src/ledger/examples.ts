import { csvHead, csvLine } from './journal-csv.ts'
import { showAccount, showEntry, showTransaction, showTrialBalance } from './ledger-view.ts'

const merchantId = '0193b3a0-1c00-7c4e-9a51-5d1f2c7e8a01'
const intentId = '0193b3a8-52f0-7d11-8f3c-2b9a6c4e1d02'
const transactionId = '0193b3a8-9a3c-7e0b-a4d2-6f0e8b1c5d03'
const threadId = '0193b3a7-f1e8-7a90-b2c1-3d4e5f6a7b04'
const effectiveAt = new Date('2026-11-22T10:15:42Z')
const bookedAt = new Date('2026-11-22T10:15:43.120Z')

const pending = {
  id: '0193b3a8-9a3d-7c22-8e11-0a1b2c3d4e05',
  code: '1110',
  name: 'PSP – pending',
  type: 'asset',
  currency: 'eur',
  created_at: bookedAt,
} as const
const sales = {
  ...pending,
  id: '0193b3a8-9a3d-7c22-8e11-0a1b2c3d4e06',
  code: '4010',
  name: 'Sales',
  type: 'revenue',
} as const

const transaction = {
  id: transactionId,
  event_key: 'ch_3Q9xY2eZvKYlo2C01AbCdEfG:capture',
  kind: 'capture',
  description: 'Captured ch_3Q9xY2eZvKYlo2C01AbCdEfG',
  payment_intent_id: intentId,
  refund_id: null,
  thread_id: threadId,
  effective_at: effectiveAt,
  created_at: bookedAt,
}

const line = (number: number, account: { id: string; code: string; name: string }, amount: bigint) => ({
  ...transaction,
  merchant_id: merchantId,
  transaction_id: transactionId,
  line: number,
  account_id: account.id,
  account_code: account.code,
  account_name: account.name,
  currency: 'eur',
  amount,
})
const lines = [line(1, pending, 4200n), line(2, sales, -4200n)] as const
const taken = { debit: 4200n, credit: 0n }
const earned = { debit: 0n, credit: 4200n }

/** Examples of the API's documentation: a sale of 42 euros, shown by the same code that shows real rows. */
export const accountExample = showAccount(pending, taken, null)
export const entryExample = showEntry(lines[0])
export const transactionExample = showTransaction(transaction, lines)
export const trialBalanceExample = showTrialBalance(
  [
    { ...pending, ...taken },
    { ...sales, ...earned },
  ],
  null,
)
export const csvExample = csvHead('machine') + lines.map((one) => csvLine(one, 'machine')).join('')

export const listExample = <T>(url: string, item: T) => ({
  object: 'list' as const,
  url,
  has_more: false,
  data: [item],
})
