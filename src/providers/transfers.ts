import type { Currency } from '#kernel/currencies.ts'
import type { ProviderAnswer } from './provider.ts'

/** Money on its way to a person, who may have to confirm it. `returned`: it came back after it had succeeded. */
export type TransferState = 'pending' | 'requires_action' | 'succeeded' | 'failed' | 'canceled' | 'returned'

export interface ProviderTransfer {
  ref: string
  state: TransferState
  amount: bigint
  currency: Currency
  /**
   * What the payee's app needs to have it confirmed, while the state is `requires_action`; `action` names what it is for. A
   * look-up may lack it: sent again with the same key, the same transfer answers with it.
   */
  confirmation?: { action: 'wechat_pay_transfer'; params: Readonly<Record<string, string>> }
  failureReason?: string
  createdAt: Date
}

export interface TransferCommand {
  idempotencyKey: string
  /** The payee's id at the merchant's app there. */
  payee: string
  amount: bigint
  currency: Currency
  /** What the payee reads. */
  note: string
  /** The payee's name, which the provider compares; some amounts need it. It is sent sealed and kept nowhere. */
  name?: string
  /** What the provider wants reported of the occasion, in its own words. */
  reports: readonly { type: string; content: string }[]
}

/** Of a provider whose account may pay people: `PaymentProvider.transfers`. The same key is the same transfer, for ever. */
export interface TransferCalls {
  send(command: TransferCommand): Promise<ProviderAnswer<ProviderTransfer>>
  /** Asks that it be stopped; it is once its state says so. */
  cancel(command: { idempotencyKey: string }): Promise<ProviderAnswer<ProviderTransfer>>
  find(query: { idempotencyKey: string }): Promise<ProviderAnswer<ProviderTransfer | undefined>>
}
