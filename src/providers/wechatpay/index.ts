import { type Clock, systemClock } from '#kernel/clock.ts'
import type { PaymentProvider, ProviderCapabilities } from '#providers/provider.ts'
import type { WechatpayAccount } from './account.ts'
import { currenciesOf } from './amounts.ts'
import { createWechatpayClient } from './client.ts'
import { wechatpayCommands } from './commands.ts'
import { createComplaints } from './complaints.ts'
import { wechatpayLookups } from './lookups.ts'
import { handoversOf } from './requests.ts'
import { calendarOf, createStatements, statementCalendar } from './statements.ts'
import { createTransfers } from './transfers.ts'
import { createWebhookVerifier } from './webhook.ts'

export interface WechatpayProviderOptions {
  account: WechatpayAccount
  /** Where WeChat sends this account's notifications: public, and without a query. */
  notifyUrl: string
  livemode: boolean
  /** Another host than WeChat's own: `http://127.0.0.1:4244`. */
  apiBase?: string | undefined
  timeoutMs?: number
  clock?: Clock
}

export const wechatpayCapabilities: ProviderCapabilities = {
  currencies: [...currenciesOf('cn'), ...currenciesOf('global')],
  manualCapture: false,
  partialCapture: false,
  incrementalAuthorization: false,
  partialRefund: true,
  refundsAreFinal: true,
  pageOnly: true,
  savedMethods: false,
  // A number is remembered for ever; an operation is given up long before.
  idempotencyHorizonMs: 20 * 60 * 60 * 1000,
  statements: statementCalendar,
}

/** An account at home is paid in yuan alone, one abroad in every currency but that. */
export const capabilitiesOf = (region: WechatpayAccount['region']): ProviderCapabilities => ({
  ...wechatpayCapabilities,
  currencies: currenciesOf(region),
  statements: calendarOf(region),
})

export const createWechatpayProvider = (options: WechatpayProviderOptions): PaymentProvider => {
  const { account, notifyUrl, livemode, clock = systemClock, apiBase, timeoutMs } = options
  const client = createWechatpayClient({
    account,
    clock,
    ...(apiBase === undefined ? {} : { apiBase }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  const isDomestic = account.region === 'cn'
  return {
    id: 'wechatpay',
    capabilities: capabilitiesOf(account.region),
    handovers: handoversOf(account),
    ...wechatpayCommands({ client, clock, notifyUrl }),
    ...wechatpayLookups(client),
    statements: createStatements(client),
    ...(isDomestic ? { disputes: createComplaints(client, clock) } : {}),
    ...(account.transferSceneId === undefined
      ? {}
      : { transfers: createTransfers(client, account.transferSceneId, notifyUrl) }),
    prepareWebhook: async (headers) => {
      const serial = headers['wechatpay-serial']
      if (serial) await client.keys.learn(serial)
    },
    verifyWebhook: createWebhookVerifier(account, client.keys, livemode),
    acknowledgement: { accepted: 204, refused: (message) => ({ code: 'FAIL', message }) },
  }
}
