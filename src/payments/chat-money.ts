import type { ProviderId } from '#providers/provider.ts'

/** Who takes money that no provider takes but a chat platform alone: Telegram's Stars. */
export const chatMoneyTaker = (currency: string): ProviderId | undefined =>
  currency === 'xtr' ? 'telegram' : undefined

export const isChatMoney = (currency: string): boolean => chatMoneyTaker(currency) !== undefined
