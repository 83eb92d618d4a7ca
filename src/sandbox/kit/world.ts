import type { Pool } from 'pg'
import type { SandboxClock } from './clock.ts'

/** What every simulator has, and all that the kit knows of one. */
export type World = {
  /** Of the database. Everything the simulator knows lives there, and nothing of another. */
  schema: string
  pool: Pool
  clock: SandboxClock
  /** Tells the scheduler that something was written that is due now or later. */
  wake(): void
  log(line: object): void
}
