import type { Currency } from '#kernel/currencies.ts'
import type { ProviderAnswer, ProviderRefund } from '#providers/provider.ts'
import type { Connection } from './channel.ts'
import type { InboundPayment } from './inbound.ts'

/** What a platform that takes money itself can be asked. Refunds answer in the provider port's words. */
export interface ChannelPayments {
  /** Fresh from the platform; undefined where it has no look-up (Telegram: the signed update is the only proof). */
  readonly find?: (
    connection: Connection,
    query: { reference: string },
  ) => Promise<ProviderAnswer<Omit<InboundPayment, 'kind' | 'isHint'> | undefined>>
  /** Gives money back through the platform. `refused` when it cannot: then the processor must. */
  refund(
    connection: Connection,
    command: {
      idempotencyKey: string
      reference: string
      platformRef: string
      /** Who paid, at the platform. */
      payer: string | undefined
      amount: bigint
      /** What was paid in all. */
      total: bigint
      currency: Currency
    },
  ): Promise<ProviderAnswer<ProviderRefund>>
}
