import { createHash } from 'node:crypto'
import { createFaults as createPlan, delaysOf, matches, newsFaults, type Faults as Plan } from '#sandbox/kit/faults.ts'
import type { World } from '#sandbox/kit/world.ts'
import type { PendingNotification } from '../store/flush.ts'

const REQUEST_FAULTS = [
  'error_500',
  'error_after',
  'lost_answer',
  'timeout',
  'delay',
  'rate_limit',
  'bad_signature',
] as const
const REFUND_FAULTS = { refund_abnormal: 'ABNORMAL', refund_closed: 'CLOSED' } as const

export type RequestFault = { name: (typeof REQUEST_FAULTS)[number]; ms: number }
export type PlannedDelivery = { delayMs: number; isProbe: boolean }
export type Faults = Plan<RequestFault['name']> & {
  /** How this refund shall end, if somebody planned it. */
  forRefund(outRefundNo: string): 'ABNORMAL' | 'CLOSED' | null
  deliveriesOf(notification: PendingNotification): PlannedDelivery[]
}

export function createFaults(world: World, probing: { rate: number; seed: string }): Faults {
  const others = [...newsFaults('notify'), 'notify_probe', ...Object.keys(REFUND_FAULTS)]
  const plan = createPlan(world, REQUEST_FAULTS, others)
  return {
    ...plan,
    forRefund(outRefundNo) {
      const found = plan.take((item) => item.fault in REFUND_FAULTS && matches(item.path, outRefundNo))
      return found ? REFUND_FAULTS[found.fault as keyof typeof REFUND_FAULTS] : null
    },
    deliveriesOf({ id, type }) {
      const found = plan.take((item) => item.fault.startsWith('notify_') && matches(item.path, type))
      const isProbed = found?.fault === 'notify_probe' || isByChance(id, probing)
      const deliveries = delaysOf(found).map((delayMs) => ({ delayMs, isProbe: false }))
      return isProbed ? [{ delayMs: 0, isProbe: true }, ...deliveries] : deliveries
    },
  }
}

/** The same chance in every run with the same seed. */
function isByChance(id: string, { rate, seed }: { rate: number; seed: string }): boolean {
  return createHash('sha256').update(`${seed}:probe:${id}`).digest().readUInt32BE(0) < rate * 2 ** 32
}
