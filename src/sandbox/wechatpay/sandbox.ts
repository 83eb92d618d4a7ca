import type { World } from '#sandbox/kit/world.ts'
import type { PlatformKeys } from './crypto/platform-keys.ts'
import type { Faults } from './http/faults.ts'
import type { Ids } from './store/ids.ts'
import type { Merchants } from './store/merchants.ts'

/** The parts every request, task and delivery shares. Built once, in index.ts. */
export type Sandbox = World & {
  ids: Ids
  keys: PlatformKeys
  merchants: Merchants
  faults: Faults
  /** Counts the answers to merchants that see both keys in turns. */
  turn: number
  settings: SandboxSettings
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
