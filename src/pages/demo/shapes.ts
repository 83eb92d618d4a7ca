import { z } from 'zod'

/** What the demo reads of the API's answers. */
export const threadShape = z.object({
  id: z.string(),
  locale: z.string().nullable(),
  participants: z.array(z.object({ id: z.string(), external_id: z.string() })),
})
export type Thread = z.output<typeof threadShape>
export const threadListShape = z.object({ data: z.array(threadShape) })

const amounts = { amount: z.int(), currency: z.string() }
const card = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('payment_request'),
    title: z.string(),
    ...amounts,
    status: z.string(),
    checkout_url: z.string(),
  }),
  z.object({ type: z.literal('receipt'), title: z.string(), ...amounts }),
  z.object({ type: z.literal('refund_notice'), ...amounts, status: z.string() }),
])

export const messageShape = z.object({
  id: z.string(),
  created: z.int(),
  direction: z.enum(['in', 'out']),
  kind: z.string(),
  text: z.string(),
  card: card.nullable(),
  payment_intent: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
})
export type Message = z.output<typeof messageShape>
export const messageListShape = z.object({ data: z.array(messageShape) })

export const intentShape = z.object({
  id: z.string(),
  ...amounts,
  amount_received: z.int(),
  amount_refunded: z.int(),
  checkout_url: z.string(),
  created: z.int(),
  description: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  status: z.string(),
})
export type Intent = z.output<typeof intentShape>
export const intentListShape = z.object({ data: z.array(intentShape) })

export const chapterShape = z.object({
  at: z.string(),
  kind: z.enum(['routing', 'veto', 'operation', 'provider_event', 'event', 'ledger', 'message']),
  id: z.string(),
  text: z.string(),
  data: z.record(z.string(), z.unknown()),
})
export type Chapter = z.output<typeof chapterShape>
export const explanationShape = z.object({ story: z.array(chapterShape) })

export const entriesShape = z.array(
  z.object({ account: z.string(), name: z.string(), currency: z.string(), amount: z.int() }),
)
export type Entries = z.output<typeof entriesShape>

export const refundShape = z.object({ id: z.string(), status: z.string() })

export const chatTokenShape = z.object({ token: z.string() })
