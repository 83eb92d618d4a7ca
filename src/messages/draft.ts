import type { NewMessage, ThreadRow } from './repo.ts'

type Draft = Pick<NewMessage, 'id' | 'kind' | 'created_at'> &
  Partial<NewMessage> & {
    /** Whether a connection carries the messages of this thread. */
    isCarried: boolean
  }

/**
 * A message of the bot, unless `direction` says otherwise. The web chat reads its messages from us, so they are
 * delivered once they are stored; elsewhere they are due at once, or wait for a connection that nobody has made yet.
 */
export const draftMessage = (thread: ThreadRow, { isCarried, ...fields }: Draft): NewMessage => {
  const isHere = thread.channel === 'webchat' || fields.direction === 'in'
  return {
    merchant_id: thread.merchant_id,
    thread_id: thread.id,
    direction: 'out',
    text: '',
    card: null,
    payment_intent_id: null,
    checkout_id: null,
    bill_id: null,
    participant_id: null,
    dedupe_key: null,
    state: isHere ? 'delivered' : 'queued',
    platform_ref: null,
    next_attempt_at: isCarried && !isHere ? fields.created_at : null,
    remind_at: null,
    has_own_words: false,
    metadata: {},
    ...fields,
  }
}
