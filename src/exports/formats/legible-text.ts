import type { ExportContext } from '#exports/format.ts'
import type { JournalTransaction } from '#exports/journal.ts'
import { objectOf } from './transaction-names.ts'

/** What scripts a file can say: those of its own encoding, or all of them where UTF-8 is asked for. */
export const scriptsOf = ({ options }: ExportContext): 'western' | 'all' =>
  options.encoding === 'utf-8' ? 'all' : 'western'

/**
 * The description, or what it is and of what where none of its letters would be left in the file: `capture ch_1` says
 * more than question marks.
 */
export const legibleText = (transaction: JournalTransaction, scripts: 'western' | 'all'): string => {
  const { description, kind } = transaction
  const legible = scripts === 'all' ? /[\p{L}\p{N}]/u : /[A-Za-z0-9À-ÖØ-öø-ÿ]/
  return legible.test(description) ? description : `${kind} ${objectOf(transaction)}`
}
