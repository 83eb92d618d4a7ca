import type { ProviderAdapter } from '#providers/accounts.ts'

const providers = { stripe: true, wechatpay: true } as const satisfies Record<ProviderAdapter['id'], true>

/** Whether a connection takes money, rather than carrying messages. */
export const isProviderChannel = (channel: string): channel is ProviderAdapter['id'] =>
  Object.hasOwn(providers, channel)
