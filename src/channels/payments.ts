import type { Currency } from '#kernel/currencies.ts'
import type { PaymentProvider, ProviderAnswer, ProviderRefund, ProviderTags } from '#providers/provider.ts'
import type { Card, NativeOffer } from './card.ts'
import type { Connection } from './channel.ts'
import type { ChannelFailure, InboundPayment } from './inbound.ts'

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

/** A card that the platform can be paid by. */
export type OfferedCard = Card & { readonly native: NativeOffer }

export type InvoiceLink =
  | { readonly ok: true; readonly url: string }
  /** Whether it was made or not: a link that nobody has seen charges nobody. */
  | { readonly ok: false; readonly failure: ChannelFailure }

/** What a platform that takes money itself can be asked. Refunds answer in the provider port's words. */
export interface ChannelPayments {
  /** Fresh from the platform; undefined where it has no look-up (Telegram: the signed update is the only proof). */
  readonly find?: (
    connection: Connection,
    query: { reference: string },
  ) => Promise<ProviderAnswer<Omit<InboundPayment, 'kind' | 'isHint'> | undefined>>
  /**
   * An address at the platform where anybody who has it can pay what the card offers, on the same terms as a request
   * that is sent. It may be paid once: the platform asks before each charge. At most 10 s; never throws.
   */
  readonly invoiceLink?: (connection: Connection, card: OfferedCard) => Promise<InvoiceLink>
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
