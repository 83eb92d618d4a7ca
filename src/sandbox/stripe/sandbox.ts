import type { World } from '#sandbox/kit/world.ts'
import type { Faults } from './http/faults.ts'
import type { Ids } from './store/ids.ts'
import type { Endpoints } from './webhooks/endpoints.ts'

/** The parts every request, task and delivery shares. Built once, in index.ts. */
export type Sandbox = World & {
  ids: Ids
  endpoints: Endpoints
  faults: Faults
  settings: SandboxSettings
  /** Idempotency keys of requests under way. A crash forgets them, rightly: their work was not committed either. */
  keysInFlight: Set<string>
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
