import type { ArchiveFormat, ExportContext } from '#exports/format.ts'
import { AppError } from '#kernel/errors.ts'
import { csvRow } from './csv-row.ts'
import { decimalOf } from './decimal.ts'
import { refuseUnvalued } from './unvalued.ts'
import { type Voucher, vouchers } from './vouchers.ts'

/**
 * Manual journals for Xero, which takes 300 lines a file and none of a journal apart from the others: a zip of as many
 * files as it needs, to be imported one after the other. Source: help.xero.com, Import manual journals.
 */
export const xero: ArchiveFormat = {
  name: 'xero',
  shape: 'archive',
  title: 'Xero manual journals (a zip of files of 300 lines)',
  contentType: 'application/zip',
  extension: 'zip',
  target: 'xero',
  needsBalances: true,
  needsWholeTransactions: true,
  sumsDays: true,
  refuse: refuseUnvalued,
  async *write(context, chunks) {
    const head = csvRow(columns, context.options)
    let [number, count, text] = [1, 0, head]
    for await (const some of vouchers(context, chunks)) {
      for (const voucher of some) {
        const { length } = voucher.lines
        if (length > linesMax) throw new AppError('export_too_large', { message: tooLong(voucher) })
        if (count + length > linesMax) {
          yield { file: fileOf(number), text }
          ;[number, count, text] = [number + 1, 0, head]
        }
        count += length
        text += rowsOf(context, voucher)
      }
    }
    yield { file: fileOf(number), text }
  },
}

const linesMax = 300

const tooLong = ({ number, lines }: Voucher): string =>
  `${number} has ${lines.length} lines and Xero takes ${linesMax}. Ask for granularity day.`

const columns = [
  '*Narration',
  '*Date',
  'Description',
  '*AccountCode',
  '*TaxRate',
  '*Amount',
  'TrackingName1',
  'TrackingOption1',
  'TrackingName2',
  'TrackingOption2',
]

const fileOf = (number: number): string => `xero-journals-${String(number).padStart(4, '0')}.csv`

/** Debits are positive. The tax is a line of its own, so no rate may compute it again: `parameters.tax_rate` names the one that does not. */
const rowsOf = ({ baseCurrency, options }: ExportContext, { number, day, text, lines }: Voucher): string => {
  const [year, month, date] = day.split('-')
  const rate = options.parameters.tax_rate ?? 'Tax Exempt'
  return lines
    .map(({ code, amount }) =>
      csvRow(
        [
          `${number} ${text}`,
          `${date}/${month}/${year}`,
          text,
          code,
          rate,
          decimalOf(amount, baseCurrency),
          '',
          '',
          '',
          '',
        ],
        options,
      ),
    )
    .join('')
}
