import type { JournalLine } from '#exports/journal.ts'

/** The lines of a transaction, in order; never empty. */
export type TransactionLines = readonly JournalLine[]

/** Puts the lines of each transaction together again, some transactions at a time, wherever the chunks were cut. */
export async function* wholeTransactions(
  chunks: AsyncIterable<readonly JournalLine[]>,
): AsyncGenerator<readonly TransactionLines[]> {
  let open: JournalLine[] = []
  for await (const chunk of chunks) {
    const whole: TransactionLines[] = []
    for (const line of chunk) {
      if (open.length > 0 && open[0]?.transaction !== line.transaction) {
        whole.push(open)
        open = []
      }
      open.push(line)
    }
    if (whole.length > 0) yield whole
  }
  if (open.length > 0) yield [open]
}
