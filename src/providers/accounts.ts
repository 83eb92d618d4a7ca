import type { z } from 'zod'
import type { PaymentProvider, ProviderCapabilities, ProviderId } from './provider.ts'

/** Which account takes the money: a connection of the merchant, or (null) the deployment's own at that provider. */
export interface ProviderAccount {
  readonly merchantId: string
  readonly provider: string
  readonly connectionId: string | null
}

/** Every provider that this deployment can reach, by account. */
export interface Providers {
  /**
   * The provider as that account. Also of a connection that is disabled or broken, for news and refunds of what it took.
   * Throws `provider_account_unavailable` when there is no such account (any more).
   */
  open(account: ProviderAccount): Promise<PaymentProvider>
  /** What a provider can do: with the settings of a merchant's connection there what that account can. */
  capabilities(provider: string, settings?: ProviderConnection['settings']): ProviderCapabilities
  /** Whether the deployment has an account of its own there. */
  hasOwn(provider: string): boolean
  /** The providers that payments can be sent to, in the deployment's order: not the chat platforms, which take money themselves. */
  routable(): readonly string[]
}

/** What a merchant's connection to a provider holds. `merchantId` and `id` are UUIDs. */
export interface ProviderConnection {
  readonly merchantId: string
  readonly id: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, string>>
  readonly livemode: boolean
}

export interface CredentialFailure {
  readonly reason: 'connection_broken' | 'temporary' | 'rate_limited'
  /** The provider's own code, or ''. */
  readonly code: string
  /** What to do about it. */
  readonly advice: string
}

/** A provider that merchants can connect an account of their own at. */
export interface ProviderAdapter {
  readonly id: Extract<ProviderId, 'stripe' | 'wechatpay'>
  /** What a merchant sends to connect; strict schemas of flat strings and booleans. */
  readonly settings: z.ZodObject
  readonly secrets: z.ZodObject
  readonly capabilities: ProviderCapabilities
  /** Where accounts differ: what one with these settings can do. */
  capabilitiesOf?(settings: ProviderConnection['settings']): ProviderCapabilities
  /** Asks the provider whose credentials these are. Never throws for what the provider says. */
  test(connection: ProviderConnection): Promise<TestedAccount | { ok: false; failure: CredentialFailure }>
  /**
   * Has the provider send to `notifyUrl` what it sends to one address per account; only where no command carries the
   * address. May run twice. Answers what is wrong with that, which breaks nothing else.
   */
  register?(connection: ProviderConnection, notifyUrl: string): Promise<CredentialFailure | undefined>
  /** Whether these settings name somebody's account without proof: only the platform may say whose it is. */
  isPlatformOnly?(settings: Readonly<Record<string, unknown>>): boolean
  /**
   * The provider as this account. `notifyUrl`: where it sends its notifications. `onRefused` is told when the provider
   * does not take the credentials any more.
   */
  open(
    connection: ProviderConnection,
    notifyUrl: string,
    onRefused?: (failure: CredentialFailure) => void,
  ): PaymentProvider
}

/** `settings`: facts of the account that are kept beside what was sent. */
export interface TestedAccount {
  ok: true
  externalId: string
  name: string
  settings?: Readonly<Record<string, unknown>>
}

export type ProviderAdapters = Readonly<Record<ProviderAdapter['id'], ProviderAdapter>>
