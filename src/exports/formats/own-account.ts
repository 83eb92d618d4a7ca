import type { ExportContext } from '#exports/format.ts'
import type { JournalAccount } from '#exports/journal.ts'

/** The merchant's own code and name of an account for this tool; undefined where it has named none. */
export const ownAccount = (
  { mapped }: ExportContext,
  account: JournalAccount,
): { readonly code: string; readonly name: string } | undefined => {
  const own = mapped(account)
  return own.code === account.code && own.name === account.name ? undefined : own
}
