import { setTimeout as wait } from 'node:timers/promises'
import type { IntentRow } from '#payments/intent-view.ts'
import type { Logger } from '#platform/logger.ts'

/** A payer waits this long at most; the answer is applied all the same when it comes later. */
const lookUpMs = 3000

interface Payments {
  sync(merchantId: string, intentId: string): Promise<unknown>
}

/**
 * Asks the provider how a payment stands when its payer comes back; true when the answer is in our database. A page
 * that is reloaded impatiently asks once.
 */
export const createReturnLookup = (payments: Payments, logger: Logger): ((intent: IntentRow) => Promise<boolean>) => {
  const running = new Map<string, Promise<boolean>>()
  return (intent) => {
    const asked = running.get(intent.id) ?? ask(payments, logger, intent).finally(() => running.delete(intent.id))
    running.set(intent.id, asked)
    return within(asked)
  }
}

const ask = (payments: Payments, logger: Logger, intent: IntentRow): Promise<boolean> =>
  payments.sync(intent.merchant_id, intent.id).then(
    () => true,
    (error: unknown) => {
      logger.warn({ err: error, payment_intent: intent.id }, 'the provider could not be asked')
      return false
    },
  )

const within = async (asked: Promise<boolean>): Promise<boolean> => {
  const timer = new AbortController()
  try {
    return await Promise.race([asked, wait(lookUpMs, false, { signal: timer.signal })])
  } finally {
    timer.abort()
  }
}
