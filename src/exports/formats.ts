import type { ExportFormat } from './format.ts'
import { beancount } from './formats/beancount.ts'
import { camt05302, camt05308 } from './formats/camt.ts'
import { csv } from './formats/csv.ts'
import { datev } from './formats/datev.ts'
import { fec } from './formats/fec.ts'
import { hledger } from './formats/hledger.ts'
import { jsonLines } from './formats/jsonl.ts'
import { ofx } from './formats/ofx.ts'
import { parquet } from './formats/parquet.ts'
import { quickbooks } from './formats/quickbooks.ts'
import { sage } from './formats/sage.ts'
import {
  stripeActivity,
  stripeActivitySummary,
  stripeBalance,
  stripeEndingBalance,
  stripePayoutReconciliation,
  stripePayouts,
  stripePayoutsSummary,
} from './formats/stripe.ts'
import { xero } from './formats/xero.ts'
import { xlsx } from './formats/xlsx.ts'

/** Every format by the name that the API takes. */
export const exportFormats = {
  csv,
  jsonl: jsonLines,
  parquet,
  xlsx,
  hledger,
  beancount,
  'camt.053.001.08': camt05308,
  'camt.053.001.02': camt05302,
  ofx,
  fec,
  datev,
  quickbooks,
  xero,
  sage,
  'stripe.balance.summary.1': stripeBalance,
  'stripe.balance_change_from_activity.itemized.3': stripeActivity,
  'stripe.balance_change_from_activity.summary.1': stripeActivitySummary,
  'stripe.payouts.itemized.3': stripePayouts,
  'stripe.payouts.summary.1': stripePayoutsSummary,
  'stripe.payout_reconciliation.itemized.5': stripePayoutReconciliation,
  'stripe.ending_balance_reconciliation.itemized.4': stripeEndingBalance,
} as const satisfies Record<string, ExportFormat>

export type FormatName = keyof typeof exportFormats

/** Other names of formats. */
export const formatAliases: Readonly<Record<string, string>> = {
  ledger: 'hledger',
  'camt.053': 'camt.053.001.08',
  'camt.053.08': 'camt.053.001.08',
  'camt.053.02': 'camt.053.001.02',
}

/** The format of this name, or undefined. */
export const findFormat = (name: string): ExportFormat | undefined => {
  const formats: Readonly<Record<string, ExportFormat>> = exportFormats
  const wanted = formatAliases[name] ?? name
  return Object.hasOwn(formats, wanted) ? formats[wanted] : undefined
}
