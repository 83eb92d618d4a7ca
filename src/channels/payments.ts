import type { Currency } from '#kernel/currencies.ts'
import type { PaymentProvider, ProviderAnswer, ProviderRefund, ProviderTags } from '#providers/provider.ts'
import type { Connection } from './channel.ts'
import type { InboundPayment } from './inbound.ts'

/** A payment that a platform took, as its row in `native_payments` knows it. */
export interface NativeRef {
  /** What came back with the platform's news: Telegram's payload, WhatsApp's reference id. */
  readonly reference: string
  readonly platformRef: string
  /** The processor's own id, where it is known. */
  readonly processorRef: string | undefined
  /** Who paid, at the platform. */
  readonly payer: string | undefined
  /** What was paid in all. */
  readonly total: bigint
  readonly currency: Currency
}

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
    payment: NativeRef,
    command: { idempotencyKey: string; amount: bigint; tags: ProviderTags },
  ): Promise<ProviderAnswer<ProviderRefund>>
  /** All that was given back; `tags` stay empty where the platform keeps none of ours. */
  findRefunds(connection: Connection, payment: NativeRef): Promise<ProviderAnswer<readonly ProviderRefund[]>>
}

/** The provider port as far as adapters need it: some platforms leave the money to a processor. */
export type Processor = Pick<PaymentProvider, 'refund' | 'findRefunds' | 'findCharge'>
export type MoneyAnswer<T> = ProviderAnswer<T>
export type GivenBack = ProviderRefund
