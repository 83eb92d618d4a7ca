import { unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { chartOfAccounts, normalSide } from '#ledger/chart.ts'
import { type MappingTarget, mappedAccount, type OwnChart } from './mapping.ts'

interface RateRow {
  readonly id: string
  readonly currency: string
  readonly rate: string
  readonly effective_on: string
  readonly source: string
  readonly created_at: Date
}

export const showRate = (row: RateRow, baseCurrency: string) => ({
  id: showId('exchangeRate', row.id),
  object: 'exchange_rate' as const,
  currency: row.currency,
  base_currency: baseCurrency,
  rate: plainDecimal(row.rate),
  effective_on: row.effective_on,
  source: row.source === '' ? null : row.source,
  created: unixSeconds(row.created_at),
})

/** The database's twelve digits after the point, without the zeros at their end: 0.006200000000 → 0.0062. */
export const plainDecimal = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/** The whole chart with what a tool calls each account. */
export const showChart = (target: MappingTarget, own: OwnChart) =>
  chartOfAccounts.map((account) => {
    const mapped = mappedAccount(target, own, account)
    return {
      object: 'ledger_chart_account' as const,
      ...account,
      normal_side: normalSide(account.type),
      own_code: mapped.code,
      own_name: mapped.name,
      is_default: (own[target]?.[account.code] ?? own['']?.[account.code]) === undefined,
    }
  })
