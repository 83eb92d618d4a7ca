import type { DocumentFormat, ExportContext } from '#exports/format.ts'
import { csvRow } from './csv-row.ts'
import { decimalOf } from './decimal.ts'
import { scriptsOf } from './legible-text.ts'
import { refuseUnvalued } from './unvalued.ts'
import { type Voucher, vouchers } from './vouchers.ts'

/**
 * Journals for Sage 50's audit trail import: a JD row for each debit and a JC row for each credit, days as ddmmyyyy,
 * the tax as lines of their own under T9, which Sage leaves out of the VAT return.
 * Source: makingithappen.co.uk/CI/std/audittrans.htm.
 */
export const sage: DocumentFormat = {
  name: 'sage',
  shape: 'document',
  title: 'Sage 50 audit trail transactions',
  contentType: 'text/csv',
  extension: 'csv',
  target: 'sage',
  needsBalances: true,
  needsWholeTransactions: true,
  sumsDays: true,
  refuse: refuseUnvalued,
  encoding: 'windows-1252',
  async *write(context, chunks) {
    yield csvRow(columns, context.options)
    for await (const some of vouchers(context, chunks, scriptsOf(context))) {
      yield some.map((voucher) => rowsOf(context, voucher)).join('')
    }
  },
}

const columns = [
  'Type',
  'Account Reference',
  'Nominal A/C Ref',
  'Department Code',
  'Date',
  'Reference',
  'Details',
  'Net Amount',
  'Tax Code',
  'Tax Amount',
  'Exchange Rate',
  'Extra Reference',
  'User Name',
  'Project',
  'Cost Code',
]

const rowsOf = ({ baseCurrency, options }: ExportContext, { number, day, text, lines }: Voucher): string => {
  const [year, month, date] = day.split('-')
  const department = options.parameters.department ?? '0'
  const zero = decimalOf(0n, baseCurrency)
  return lines
    .map(({ code, amount }) => {
      const [type, net] = amount > 0n ? ['JD', amount] : ['JC', -amount]
      const fields = [type, '', code, department, `${date}${month}${year}`, number, text.slice(0, 60)]
      return csvRow([...fields, decimalOf(net, baseCurrency), 'T9', zero, '', '', '', '', ''], options)
    })
    .join('')
}
