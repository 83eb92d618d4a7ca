export type AccountType = 'asset' | 'liability' | 'equity' | 'revenue' | 'expense' | 'memo'

export interface ChartAccount {
  readonly code: string
  readonly name: string
  readonly type: AccountType
}

/**
 * The seeded chart of accounts. Every merchant gets these codes, one account per code and currency, opened by the
 * first entry that needs it.
 */
export const chartOfAccounts = [
  { code: '1010', name: 'Bank – operating', type: 'asset' },
  { code: '1020', name: 'Bank – safeguarded client money', type: 'asset' },
  { code: '1110', name: 'PSP – pending', type: 'asset' },
  { code: '1120', name: 'PSP – available balance', type: 'asset' },
  { code: '1130', name: 'PSP – reserve / held', type: 'asset' },
  { code: '1140', name: 'Payouts in transit', type: 'asset' },
  { code: '1150', name: 'Disputed funds', type: 'asset' },
  { code: '1210', name: 'Due from merchants', type: 'asset' },
  { code: '1230', name: 'Input VAT on fees', type: 'asset' },
  { code: '1390', name: 'Reconciliation suspense', type: 'asset' },
  { code: '2010', name: 'Merchant payable – pending', type: 'liability' },
  { code: '2011', name: 'Merchant payable – available', type: 'liability' },
  { code: '2020', name: 'User wallets', type: 'liability' },
  { code: '2030', name: 'Held – red packets', type: 'liability' },
  { code: '2031', name: 'Held – split bills', type: 'liability' },
  { code: '2032', name: 'Held – transfers awaiting acceptance', type: 'liability' },
  { code: '2040', name: 'Refunds payable', type: 'liability' },
  { code: '2060', name: 'Tips payable', type: 'liability' },
  { code: '2090', name: 'Unidentified receipts', type: 'liability' },
  { code: '2310', name: 'Output VAT / sales tax payable', type: 'liability' },
  { code: '2320', name: 'Tax withheld for merchants', type: 'liability' },
  { code: '3100', name: 'Retained earnings', type: 'equity' },
  { code: '3900', name: 'Currency trading', type: 'equity' },
  { code: '4010', name: 'Sales', type: 'revenue' },
  { code: '4020', name: 'Shipping revenue', type: 'revenue' },
  { code: '4030', name: 'Application / platform fees', type: 'revenue' },
  { code: '4040', name: 'FX margin', type: 'revenue' },
  { code: '4090', name: 'Sales refunds', type: 'revenue' },
  { code: '4096', name: 'Application fee refunds', type: 'revenue' },
  { code: '5010', name: 'Processing fees', type: 'expense' },
  { code: '5020', name: 'Dispute fees', type: 'expense' },
  { code: '5030', name: 'Payout fees', type: 'expense' },
  { code: '5050', name: 'Chargeback losses', type: 'expense' },
  { code: '5060', name: 'Bad debt', type: 'expense' },
  { code: '5070', name: 'Payments to people', type: 'expense' },
  { code: '5310', name: 'FX realised gain / loss', type: 'expense' },
  { code: '5320', name: 'FX unrealised gain / loss', type: 'expense' },
  { code: '5390', name: 'Rounding differences', type: 'expense' },
  { code: '9010', name: 'Authorised', type: 'memo' },
  { code: '9011', name: 'Authorised – contra', type: 'memo' },
] as const satisfies readonly ChartAccount[]

export type AccountCode = (typeof chartOfAccounts)[number]['code']

const byCode: ReadonlyMap<string, ChartAccount> = new Map(chartOfAccounts.map((account) => [account.code, account]))

export const chartAccount = (code: string): ChartAccount => {
  const account = byCode.get(code)
  if (!account) throw new RangeError(`the chart of accounts has no ${code}`)
  return account
}

const normalSides = {
  asset: 'debit',
  expense: 'debit',
  liability: 'credit',
  equity: 'credit',
  revenue: 'credit',
  memo: 'debit',
} as const satisfies Record<AccountType, 'debit' | 'credit'>

/** The side on which an account of this type usually stands. */
export const normalSide = (type: AccountType): 'debit' | 'credit' => normalSides[type]
