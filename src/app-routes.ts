import { accountRoutes } from '#accounts/routes.ts'
import { billJobs } from '#bills/jobs.ts'
import { billRoutes } from '#bills/routes.ts'
import { checkoutJobs } from '#checkout/jobs.ts'
import { checkoutRoutes } from '#checkout/routes.ts'
import { connectionRoutes } from '#connections/routes.ts'
import { methodJobs } from '#customers/jobs.ts'
import { methodRoutes } from '#customers/method-routes.ts'
import { customerRoutes } from '#customers/routes.ts'
import { disputeJobs } from '#disputes/jobs.ts'
import { disputeRoutes } from '#disputes/routes.ts'
import { deliveryRoutes } from '#events/delivery-routes.ts'
import { webhookEndpointRoutes } from '#events/endpoint-routes.ts'
import { eventRoutes } from '#events/routes.ts'
import { exportJobs } from '#exports/jobs.ts'
import { exportRoutes } from '#exports/routes.ts'
import { financeRoutes } from '#finance/routes.ts'
import type { Clock } from '#kernel/clock.ts'
import { ledgerRoutes } from '#ledger/routes.ts'
import { messageJobs } from '#messages/jobs.ts'
import { messageRoutes } from '#messages/routes.ts'
import { nativeJobs } from '#native/jobs.ts'
import { chatRoutes } from '#pages/chat/chat-routes.ts'
import { handoverRoutes } from '#payments/handover-routes.ts'
import { paymentJobs } from '#payments/jobs.ts'
import { paymentRoutes } from '#payments/routes.ts'
import { payoutJobs } from '#payouts/jobs.ts'
import { payoutRoutes } from '#payouts/routes.ts'
import type { Database } from '#platform/database.ts'
import type { JobHandlers } from '#platform/queue.ts'
import type { Route } from '#platform/route.ts'
import { refundJobs } from '#refunds/jobs.ts'
import { refundRoutes } from '#refunds/routes.ts'
import { routingRoutes } from '#routing/routes.ts'
import { setupJobs } from '#setups/jobs.ts'
import { keepingRoutes } from '#setups/method-routes.ts'
import { setupRoutes } from '#setups/routes.ts'
import { threadRoutes } from '#threads/routes.ts'
import { outboundJobs } from '#transfers/jobs.ts'
import { outboundRoutes } from '#transfers/routes.ts'
import { channelUpdateRoutes } from '#webhooks/channel-routes.ts'
import { webhookJobs } from '#webhooks/jobs.ts'
import { providerEventRoutes } from '#webhooks/routes.ts'
import type { Services } from './app-services.ts'
import { upkeepJobs } from './app-upkeep.ts'

/** Every operation of the API: the server serves exactly these and `openapi.yaml` describes exactly these. */
export const createRoutes = (services: Services): Route[] => [
  ...threadRoutes(services.threads),
  ...chatRoutes(services.chat),
  ...connectionRoutes(services.connections),
  ...routingRoutes(services.routing),
  ...messageRoutes(services.messages),
  ...paymentRoutes(services.payments),
  ...handoverRoutes(services.payments),
  ...refundRoutes(services.refunds),
  ...disputeRoutes(services.disputes),
  ...checkoutRoutes(services.checkouts),
  ...billRoutes(services.bills),
  ...customerRoutes(services.customers),
  ...methodRoutes(services.methods),
  ...keepingRoutes(services.setups, services.methodsPage),
  ...setupRoutes(services.setups),
  ...payoutRoutes(services.payouts),
  ...outboundRoutes(services.transfers),
  ...ledgerRoutes(services.ledger),
  ...financeRoutes(services.finance),
  ...exportRoutes(services.exports),
  ...eventRoutes(services.events),
  ...webhookEndpointRoutes(services.events),
  ...deliveryRoutes(services.events),
  ...providerEventRoutes(services.webhooks),
  ...channelUpdateRoutes(services.channelInbox),
  ...accountRoutes(services.accounts),
]

/** What works off each kind of job. */
export const createHandlers = (services: Services, db: Database, clock: Clock): JobHandlers => ({
  ...webhookJobs(services.webhooks),
  ...paymentJobs(services.payments),
  ...refundJobs(services.refunds),
  ...nativeJobs(services.native),
  ...disputeJobs(services.disputes),
  ...payoutJobs(services.payouts),
  ...outboundJobs(services.transfers),
  ...checkoutJobs(services.checkouts),
  ...billJobs(services.bills),
  ...messageJobs(services.messages),
  ...methodJobs(services.methods),
  ...setupJobs(services.setups),
  'channel.update': ({ id, merchant = '' }) => services.channelInbox.process(merchant, id),
  ...exportJobs(services.exports),
  'outbox.drain': async () => void (await services.events.drainOutbox()),
  'notification.deliver': (payload) => services.events.deliver(payload),
  ...upkeepJobs(db, clock),
})
