import type { Pool } from 'pg'
import type { Faults } from './http/faults.ts'
import type { Ids } from './store/ids.ts'
import type { Endpoints } from './webhooks/endpoints.ts'

/** The parts every request, task and delivery shares. Built once, in index.ts. */
export type Sandbox = {
  pool: Pool
  ids: Ids
  clock: SandboxClock
  endpoints: Endpoints
  faults: Faults
  settings: SandboxSettings
  /** Idempotency keys of requests under way. A crash forgets them, rightly: their work was not committed either. */
  keysInFlight: Set<string>
  /** Tells the scheduler that something was written that is due now or later. */
  wake(): void
  log(line: object): void
}

/** Besides the simulator's own: one with a key of its own, or (without) one that is connected to ours. */
export type SandboxAccount = { id: string; secretKey?: string; country?: string; currency?: string; name?: string }

export type SandboxSettings = {
  publicUrl: string
  secretKey: string
  accounts: readonly SandboxAccount[]
  seed: string
  asyncSettleMs: number
  webhookRetryMs: readonly number[]
}

/** Time as the simulated Stripe sees it: the real clock plus what `POST /_sandbox/advance` added. */
export type SandboxClock = {
  nowMs(): number
  /** Without the advance: signatures must be fresh in the receiver's eyes. */
  realMs(): number
  advance(ms: number): Promise<void>
  reset(): void
}
