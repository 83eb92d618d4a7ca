import type { Selectable } from 'kysely'
import type { BillSharesTable, BillsTable } from '#platform/tables-chat.ts'

export type BillRow = Selectable<BillsTable>

/** A share with its payer's name and language, and the refunds that were made for it (UUIDs). */
export type ShareRow = Selectable<BillSharesTable> & { name: string | null; locale: string | null; refunds: string[] }

/** A bill and its shares in the order of its participants; a rest that the organizer took over comes last. */
export interface WholeBill {
  bill: BillRow
  shares: ShareRow[]
}
