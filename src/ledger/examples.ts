import { showBalanceSheet, showIncomeStatement, showStatement, showTrialBalance } from './balance-view.ts'
import { showAccount, showEntry, showTransaction } from './ledger-view.ts'

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
  holder: '',
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
  seq: 1n,
  event_key: 'ch_3Q9xY2eZvKYlo2C01AbCdEfG:capture',
  kind: 'capture',
  description: 'Captured ch_3Q9xY2eZvKYlo2C01AbCdEfG',
  payment_intent_id: intentId,
  refund_id: null,
  thread_id: threadId,
  reverses_id: null,
  refs: { provider: 'stripe', object: 'ch_3Q9xY2eZvKYlo2C01AbCdEfG' },
  base_currency: 'eur',
  effective_at: effectiveAt,
  original_effective_at: null,
  value_at: new Date('2026-11-24T00:00:00Z'),
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
  holder: '',
  currency: 'eur',
  amount,
  base_amount: amount,
})
const lines = [line(1, pending, 4200n), line(2, sales, -4200n)] as const
const nothing = { debit: 0n, credit: 0n, baseDebit: 0n, baseCredit: 0n }
const balances = [
  { ...pending, ...nothing, debit: 4200n, baseDebit: 4200n },
  { ...sales, ...nothing, credit: 4200n, baseCredit: 4200n },
] as const
const [taken] = balances
const coverage = { headSeq: 1n, unsealed: 0, baseCurrency: 'eur' }
const day = '2026-11-22'

/** Examples of the API's documentation: a sale of 42 euros, shown by the same code that shows real rows. */
export const accountExample = showAccount(pending, taken, 'eur', { asOf: null, asOfSeq: null })
export const entryExample = showEntry(lines[0])
export const transactionExample = showTransaction(transaction, lines)
export const trialBalanceExample = showTrialBalance(balances, null, coverage)
export const incomeStatementExample = showIncomeStatement(balances, { from: '2026-11-01', to: '2026-11-30' }, coverage)
export const balanceSheetExample = showBalanceSheet(balances, day, coverage)
export const statementExample = showStatement({
  account: pending,
  baseCurrency: 'eur',
  from: day,
  to: day,
  asOfSeq: 1n,
  opening: nothing,
  closing: taken,
  brought: nothing,
  lines: [{ ...lines[0], seq: 1n }],
  hasMore: false,
})

const hash = '7f0a6c2f5b1e4d7c9a3b8e6f1d2c4b5a60718293a4b5c6d7e8f90a1b2c3d4e5f'
export const sealExample = {
  object: 'ledger_seal' as const,
  seq: 1,
  transaction: transactionExample.id,
  hash,
  sealed_at: 1_795_342_543,
}
export const sealHeadExample = {
  ...sealExample,
  lag_ms: 0,
  checkpoint: {
    seq: 1,
    hash,
    key_id: '3c6a9d04e5f81b27',
    signature: 'q3J5yN0b1mQx8v2K7dW4tR6uZ9sA1cE3gH5jL7nP0rT2wX4yB6dF8hK1mO3qS5uV7xZ9bD1fH3jL5nP7rT9vAg==',
    created: 1_795_342_560,
  },
}
export const verificationExample = {
  object: 'ledger_verification' as const,
  from_seq: 0,
  to_seq: 1,
  has_more: false,
  valid: true,
  problems: [],
}
export const sealKeyExample = {
  object: 'ledger_key' as const,
  key_id: '3c6a9d04e5f81b27',
  algorithm: 'ed25519' as const,
  public_key:
    '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n',
}

export const listExample = <T>(url: string, item: T) => ({
  object: 'list' as const,
  url,
  has_more: false,
  data: [item],
})
