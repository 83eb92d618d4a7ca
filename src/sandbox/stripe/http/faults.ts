import { createFaults as createPlan, delaysOf, matches, newsFaults, type Faults as Plan } from '#sandbox/kit/faults.ts'
import type { World } from '#sandbox/kit/world.ts'
import type { PendingEvent } from '../store/event-document.ts'
import type { Endpoint } from '../webhooks/endpoints.ts'

const REQUEST_FAULTS = [
  'error_500',
  'error_503',
  'error_after',
  'lost_answer',
  'timeout',
  'delay',
  'rate_limit',
] as const

export type RequestFault = { name: (typeof REQUEST_FAULTS)[number]; ms: number }
export type PlannedDelivery = { event_id: string; endpoint_id: string; delay_ms: number }
export type Faults = Plan<RequestFault['name']> & {
  deliveriesOf(event: PendingEvent, endpoints: Endpoint[]): PlannedDelivery[]
}

export function createFaults(world: World): Faults {
  const plan = createPlan(world, REQUEST_FAULTS, newsFaults('webhook'))
  return {
    ...plan,
    deliveriesOf(event, endpoints) {
      if (endpoints.length === 0) return []
      const found = plan.take((item) => item.fault.startsWith('webhook_') && matches(item.path, event.type))
      return delaysOf(found).flatMap((delay) =>
        endpoints.map(({ id }) => ({ event_id: event.id, endpoint_id: id, delay_ms: delay })),
      )
    },
  }
}
