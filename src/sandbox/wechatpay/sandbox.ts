import type { Pool } from 'pg'
import type { PlatformKeys } from './crypto/platform-keys.ts'
import type { Faults } from './http/faults.ts'
import type { Ids } from './store/ids.ts'
import type { Merchants } from './store/merchants.ts'

/** The parts every request, task and delivery shares. Built once, in index.ts. */
export type Sandbox = {
  pool: Pool
  ids: Ids
  clock: SandboxClock
  keys: PlatformKeys
  merchants: Merchants
  faults: Faults
  /** Counts the answers to merchants that see both keys in turns. */
  turn: number
  settings: SandboxSettings
  /** Tells the scheduler that something was written that is due now or later. */
  wake(): void
  log(line: object): void
}

export type SandboxSettings = {
  publicUrl: string
  controlKey: string
  seed: string
  refundSettleMs: number
  notifyDelayMs: number
  notifyRetryMs: readonly number[]
  notifyTimeoutMs: number
  probeRate: number
  exchangeRates: Readonly<Record<string, number>>
  payerCurrency: string
  scannableCodes: boolean
}

/** Time as the simulated WeChat Pay sees it: the real clock plus what `POST /_sandbox/advance` added. */
export type SandboxClock = {
  nowMs(): number
  /** Without the advance: signatures must be fresh in the other side's eyes. */
  realMs(): number
  advance(ms: number): Promise<void>
  reset(): void
}
