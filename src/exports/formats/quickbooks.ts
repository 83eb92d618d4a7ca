import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import { csvRow } from './csv-row.ts'
import { decimalOf } from './decimal.ts'
import { refuseUnvalued } from './unvalued.ts'
import { type Voucher, vouchers } from './vouchers.ts'

/**
 * Journal entries for QuickBooks Online: accounts by name (`Parent:Sub`, account numbers switched off), days as
 * MM/DD/YYYY. Source: quickbooks.intuit.com, Import journal entries.
 */
export const quickbooks: DocumentFormat = {
  name: 'quickbooks',
  shape: 'document',
  title: 'QuickBooks Online journal entries',
  contentType: 'text/csv; charset=utf-8; header=present',
  extension: 'csv',
  target: 'quickbooks',
  needsBalances: true,
  needsWholeTransactions: true,
  sumsDays: true,
  refuse: refuseUnvalued,
  async *write(context, chunks) {
    yield csvRow(columns, context.options)
    for await (const some of vouchers(context, chunks)) {
      yield some.map((voucher) => rowsOf(context, voucher)).join('')
    }
  },
}

const columns = ['Journal No.', 'Journal Date', 'Account Name', 'Description', 'Debits', 'Credits']

const rowsOf = ({ baseCurrency, options }: ExportContext, { number, day, text, lines }: Voucher): string => {
  const [year, month, date] = day.split('-')
  return lines
    .map(({ name, amount }) => {
      const debit = amount > 0n ? decimalOf(amount, baseCurrency) : ''
      const credit = amount < 0n ? decimalOf(-amount, baseCurrency) : ''
      return csvRow([number, `${month}/${date}/${year}`, name, text, debit, credit], options)
    })
    .join('')
}
