import type { Generated } from 'kysely'

export interface ProviderStatementsTable {
  merchant_id: string
  id: string
  provider: string
  connection_id: string | null
  /** YYYY-MM-DD, a day of the provider's own. */
  day: string
  state: 'due' | 'read' | 'none' | 'gone'
  lines: Generated<number>
  fees: Generated<number>
  reason: string | null
  attempts: Generated<number>
  next_attempt_at: Date
  created_at: Date
  read_at: Date | null
}
