import type { PaymentMethodDetails, ProviderAnswer, ProviderDecline, ProviderPage, ProviderTags } from './provider.ts'

/** State of a setup at the provider, in Stripe's words (the dialect of our own API). */
export type SetupState =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'canceled'
  | 'succeeded'

/** A method of the provider's. */
export interface ProviderMethod {
  ref: string
  /** The provider's customer who has it; absent: nobody. */
  savedFor?: string
  details: PaymentMethodDetails
}

/** The keeping of a method without a payment, as the provider sees it now. */
export interface ProviderSetup {
  ref: string
  state: SetupState
  /** Absent until one is named, and after it was refused. */
  method?: ProviderMethod
  /** The provider's customer for whom it is kept. */
  savedFor?: string
  /** Where to send the payer when the state is `requires_action`. */
  actionUrl?: string
  decline?: ProviderDecline
  tags: ProviderTags
}

/** The provider's page on which the payer enters a method. Never a `paymentRef`. */
export interface ProviderSetupPage extends ProviderPage {
  /** What is set up there. It belongs to the page: it ends with it and is never confirmed by itself. */
  setupRef?: string
}

/** `setup`: how it stands after a refused attempt. */
export type SetupAnswer =
  | Exclude<ProviderAnswer<ProviderSetup>, { outcome: 'refused' }>
  | { outcome: 'refused'; decline: ProviderDecline; setup?: ProviderSetup; requestId?: string }

interface Command {
  /** The operation row's id: the provider's idempotency key, written before the call and never regenerated. */
  idempotencyKey: string
}

export interface SetupCommand extends Command {
  /** Set when the setup exists at the provider already (second attempt); otherwise it is created. */
  setupRef?: string
  customerRef: string
  /** The provider's payment method (`pm_card_visa`, `pm_…`). */
  method: string
  /** `on_session`: to be charged when the payer pays themselves, and not otherwise. */
  usage: 'off_session' | 'on_session'
  returnUrl: string
  tags: ProviderTags
}

export interface SetupPageCommand extends Command {
  customerRef: string
  returnUrl: string
  cancelUrl: string
  locale?: string
  tags: ProviderTags
}

/** Who pays with a method. What is not named stays, '' unsets. */
export interface BillingCommand extends Command {
  methodRef: string
  billing: {
    readonly name?: string | undefined
    readonly email?: string | undefined
    readonly phone?: string | undefined
    readonly address?:
      | ''
      | Readonly<Partial<Record<'city' | 'country' | 'line1' | 'line2' | 'postal_code' | 'state', string | undefined>>>
      | undefined
  }
}

/**
 * What a provider offers that keeps methods without a payment. What a page keeps may be charged without the payer for all
 * that the provider knows; whether it is, the slices decide. Look-ups answer as those of the provider do.
 */
export interface SetupCalls {
  /** Makes the setup, if there is none, and confirms it with a method. */
  confirm(command: SetupCommand): Promise<SetupAnswer>
  cancel(command: Command & { setupRef: string }): Promise<SetupAnswer>
  openPage(command: SetupPageCommand): Promise<ProviderAnswer<ProviderSetupPage>>
  closePage(command: Command & { pageRef: string }): Promise<ProviderAnswer<ProviderSetupPage>>
  /** Keeps a method that the provider has already. */
  attach(command: Command & { methodRef: string; customerRef: string }): Promise<ProviderAnswer<ProviderMethod>>
  find(query: { setupRef: string }): Promise<ProviderAnswer<ProviderSetup | undefined>>
  /** Setups that carry our id, newest first: how a lost answer to `confirm` is resolved. */
  findByTag(query: {
    setupIntent: string
    customerRef: string
    since: Date
  }): Promise<ProviderAnswer<readonly ProviderSetup[]>>
  findPage(query: { pageRef: string }): Promise<ProviderAnswer<ProviderSetupPage | undefined>>
  /** Present where the bank is told who pays. Sent twice it does the same. */
  updateMethod?(command: BillingCommand): Promise<ProviderAnswer<ProviderMethod>>
  findMethod(query: { methodRef: string }): Promise<ProviderAnswer<ProviderMethod | undefined>>
}
