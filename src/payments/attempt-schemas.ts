import { z } from 'zod'
import { listOf, listQuery } from '#platform/listing.ts'
import { attemptStatuses } from './attempt.ts'
import { chargeSchema } from './schemas.ts'

export const attemptsQuery = listQuery.pick({ limit: true, starting_after: true, ending_before: true })

export const attemptSchema = z
  .object({
    id: z.string(),
    object: z.literal('payment_attempt'),
    payment_intent: z.string(),
    kind: z.enum(['authorize', 'page', 'chat']).meta({
      description: 'A method was charged; the provider’s page was opened; a chat platform asked its payer.',
    }),
    status: z.enum(attemptStatuses).meta({
      description:
        'unknown: the answer was lost and is looked up. opened: the page is there, nobody has paid on it. released: the chat platform gave up.',
    }),
    provider: z.string(),
    connection: z.string().nullable().meta({ description: 'Your account there; null: the deployment’s.' }),
    route: z
      .object({ rule: z.string(), reason: z.string(), choice: z.int(), of: z.int() })
      .nullable()
      .meta({ description: 'Which rule led to this account, and the how manieth of its accounts it is.' }),
    amount: z.int(),
    currency: z.string(),
    decline: z
      .object({
        code: z.string(),
        decline_code: z.string().nullable(),
        message: z.string(),
        account_fault: z
          .enum(['credentials', 'not_enabled', 'currency', 'amount', 'gone'])
          .nullable()
          .meta({ description: 'Set when it was the account that could not: the next one of the rule was asked.' }),
      })
      .nullable(),
    operation: z.string().nullable().meta({ description: 'As in the explanation of the payment.' }),
    request_id: z.string().nullable().meta({ description: 'The provider’s, for its support.' }),
    charges: z
      .array(chargeSchema)
      .meta({ description: 'What came of it, oldest first; of a page there may be several.' }),
    created: z.int(),
    finished: z.int().nullable(),
  })
  .meta({ id: 'PaymentAttempt' })
export const attemptList = listOf(attemptSchema)
