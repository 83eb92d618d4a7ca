import { createAccountService } from '#accounts/service.ts'
import { createBillSubscriber } from '#bills/jobs.ts'
import { createBillService } from '#bills/service.ts'
import type { Channels } from '#channels/channel.ts'
import { readyForCharge } from '#checkout/charge-service.ts'
import { createCheckoutSubscriber } from '#checkout/follow-service.ts'
import { createCheckoutService } from '#checkout/service.ts'
import { createConnectionService } from '#connections/service.ts'
import { createMethodService } from '#customers/method-service.ts'
import { createCustomerService } from '#customers/service.ts'
import { createDisputeService } from '#disputes/service.ts'
import { createEventService } from '#events/service.ts'
import { createExportService } from '#exports/service.ts'
import type { ExportStorage } from '#exports/storage-service.ts'
import { createFinanceService } from '#finance/service.ts'
import type { Clock } from '#kernel/clock.ts'
import { createSealer } from '#ledger/seal-service.ts'
import { createLedgerService } from '#ledger/service.ts'
import { createPayLinks } from '#messages/pay-link-service.ts'
import { createMessageService } from '#messages/service.ts'
import { createMessageSubscriber } from '#messages/subscriber-service.ts'
import { createNativePayments } from '#native/service.ts'
import { createChatService } from '#pages/chat/chat-service.ts'
import { intentLinks } from '#payments/link-service.ts'
import { createPaymentService } from '#payments/service.ts'
import { askVeto, type VetoSources } from '#payments/veto-service.ts'
import { createPayoutService } from '#payouts/service.ts'
import type { Secrets } from '#platform/crypto.ts'
import type { Database } from '#platform/database.ts'
import { createKeyRing, type NamedKey } from '#platform/key-ring.ts'
import type { Logger } from '#platform/logger.ts'
import type { Metrics } from '#platform/metrics.ts'
import { createOutbound } from '#platform/outbound.ts'
import type { JobQueue } from '#platform/queue.ts'
import type { PaymentProvider, ProviderId } from '#providers/provider.ts'
import { createRefundService } from '#refunds/service.ts'
import { createRoutingService } from '#routing/service.ts'
import { createMethodsPageService } from '#setups/methods-page-service.ts'
import { createSetupService } from '#setups/service.ts'
import { createThreadService } from '#threads/service.ts'
import { createOutboundService } from '#transfers/service.ts'
import { createChannelAnswers } from '#webhooks/channel-payments-service.ts'
import { createChannelInbox } from '#webhooks/channel-service.ts'
import { createWebhookService } from '#webhooks/service.ts'
import { type ChannelEndpoints, createChannels } from './app-channels.ts'
import {
  createAdapters,
  createNativeProviders,
  createProviders,
  createStripe,
  createWechatpay,
  type StripeConfig,
  type WechatpayConfig,
} from './app-providers.ts'

/** What the services are built from. */
export interface ServicesConfig {
  databaseUrl: string
  secret: string
  publicUrl: string
  allowPrivateWebhooks: boolean
  /** Where export files are kept: a folder, or a bucket of any S3 API. */
  exports: ExportStorage
  /** Whether a second key must approve what changes the books by hand. */
  fourEyes: boolean
  channels?: ChannelEndpoints
  /** What seals the secrets of connections, newest first; none: a key derived from `secret`. */
  connectionsKeys?: readonly NamedKey[]
  stripe: StripeConfig
  /** Absent: WeChat Pay for merchants with an account of their own there. */
  wechatpay?: WechatpayConfig | undefined
}

/** What tests replace. */
export interface ServicesOverrides {
  providers?: Partial<Record<ProviderId, PaymentProvider>>
  channels?: Channels
}

export type Services = ReturnType<typeof createServices>

interface Base {
  clock: Clock
  logger: Logger
  metrics: Metrics
  db: Database
  queue: JobQueue
  secrets: Secrets
}

/** Every service, each made once. */
export const createServices = (config: ServicesConfig, overrides: ServicesOverrides, base: Base) => {
  const { channels, connections, providers, outbound, followed } = createOutside(config, overrides, base)
  const vetoes: VetoSources = {
    find: connections.findVeto,
    order: (intent) => readyForCharge(deps, intent),
    outbound,
  }
  const deps = { ...base, providers, channels, publicUrl: config.publicUrl, vetoes }
  const refunds = createRefundService(deps)
  const disputes = createDisputeService(deps)
  const payments = createPaymentService({ ...deps, connections })
  const native = createNativePayments({ ...deps, connections, refunds })
  const setups = createSetupService(deps)
  const methods = createMethodService(deps)
  const payouts = createPayoutService({ ...base, providers, followed })
  const transfers = createOutboundService({ ...base, providers })
  const heard = { payments, refunds, disputes, payouts, setups, methods, transfers }
  const checkoutUrl = (merchantId: string, id: string) => intentLinks(deps, { merchant_id: merchantId, id }).checkoutUrl
  const checkouts = createCheckoutService(deps)
  const messages = createMessageService({ ...deps, connections, checkoutUrl, native })
  const sealer = createSealer(base)
  return {
    accounts: createAccountService({ ...base, ownFields: config.stripe.publishableKey !== undefined }),
    connections,
    routing: createRoutingService({ ...base, providers }),
    sealer,
    ledger: createLedgerService({ ...base, sealer }),
    finance: createFinanceService({ ...base, sealer, fourEyes: config.fourEyes }),
    exports: createExportService({ ...base, sealer, databaseUrl: config.databaseUrl, storage: config.exports }),
    threads: createThreadService(base),
    customers: createCustomerService(base),
    methodsPage: createMethodsPageService(deps),
    ...heard,
    native,
    checkouts,
    bills: createBillService({ ...deps, refunds }),
    messages,
    payLinks: createPayLinks({ ...deps, connections, checkoutUrl, native }),
    chat: createChatService({ ...deps, connections, messages }),
    events: createEventService({
      ...base,
      allowPrivate: config.allowPrivateWebhooks,
      subscribers: [
        createCheckoutSubscriber(deps),
        createBillSubscriber(deps),
        createMessageSubscriber({ ...base, channels, checkoutUrl }),
      ],
    }),
    webhooks: createWebhookService({ ...base, listeners: providers.listeners, ...heard }),
    channelInbox: createChannelInbox({
      ...deps,
      connections,
      native,
      messages,
      answers: createChannelAnswers({
        ...base,
        channels,
        native,
        checkouts,
        askVeto: (row) => askVeto(deps, row),
      }),
    }),
  }
}

/** Whoever else there is: chat platforms, payment providers, and the merchants' accounts at both. */
const createOutside = (config: ServicesConfig, overrides: ServicesOverrides, base: Base) => {
  const stripe = overrides.providers?.stripe ?? createStripe(config.stripe, base.clock)
  const channelOptions = { stripe, clock: base.clock, allowPrivate: config.allowPrivateWebhooks }
  const channels = overrides.channels ?? createChannels(config.channels ?? {}, channelOptions)
  const adapters = createAdapters({ ...config, clock: base.clock })
  const keys = createKeyRing({ keys: config.connectionsKeys ?? [], secret: config.secret })
  const outbound = createOutbound({ allowPrivate: config.allowPrivateWebhooks })
  const connections = createConnectionService({
    ...base,
    channels,
    adapters,
    publicUrl: config.publicUrl,
    keys,
    outbound,
  })
  const natives = createNativeProviders({ db: base.db, channels, connections })
  const wechatpay = createWechatpay(config.wechatpay ?? {}, { publicUrl: config.publicUrl, clock: base.clock })
  const own = { stripe, ...wechatpay, ...natives, ...overrides.providers }
  const providers = createProviders({ metrics: base.metrics, own, adapters, connections })
  const telling = Object.values(own).flatMap((one) => (one?.money ? one.id : []))
  const followed = { own: telling, connected: Object.values(adapters).map(({ id }) => id) }
  return { channels, connections, providers, outbound, followed }
}
