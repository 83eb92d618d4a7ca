import type { Channels, Connection } from '#channels/channel.ts'
import type { InboundSender } from '#channels/inbound.ts'
import { newUuid } from '#kernel/ids.ts'
import { isEqual, type Secrets } from '#platform/crypto.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import { findThreadOf, recordPerson } from '#threads/place-repo.ts'
import { findParticipant, findThread, type ThreadRow } from '#threads/repo.ts'
import type { PaymentDeps } from './apply-service.ts'
import { intentEvent } from './command-service.ts'
import type { IntentRow } from './intent-view.ts'
import { readCheckoutToken } from './link-service.ts'
import { isBeforeMoney } from './provider-news.ts'
import { findIntent, lockIntent, updateIntent } from './repo.ts'

export interface OpenerDeps extends PaymentDeps {
  channels: Channels
  connections: {
    /** The active one that the thread goes by. */
    openForThread(
      merchantId: string,
      thread: { channel: string; connection_id: string | null },
    ): Promise<Connection | undefined>
  }
}

export type Identified =
  /** `pass`: what this browser shows from now on to be believed, for `passSeconds`. */
  | { ok: true; pass: string; hasCustomer: boolean }
  | {
      ok: false
      /**
       * missing: no such payment, or its chat cannot say who opens it; other: not the person it was asked of; nobody: it
       * names nobody, and was not asked in this person's own chat or is over.
       */
      reason: 'missing' | 'unproven' | 'other' | 'nobody'
    }

/** As long as somebody may take to pay; then the app says again who it is. */
export const passSeconds = 3600

/**
 * Who opened a payment's page inside the platform, by the platform's own proof. Believed is the one person whom the
 * payment names; when it names nobody, the person whose own chat the thread is, who is then its payer. In a group nobody
 * in particular was asked. Whatever else comes stores nothing.
 */
export const identifyOpener = async (deps: OpenerDeps, token: string, proof: string): Promise<Identified> => {
  const linked = readCheckoutToken(deps.secrets, token)
  if (!linked) return { ok: false, reason: 'missing' }
  const { merchant_id: merchantId, id } = linked
  const thread = await inTransaction(deps.db, merchantId, async (tx) => {
    const intent = await findIntent(tx, merchantId, id)
    return intent?.thread_id ? findThread(tx, merchantId, intent.thread_id) : undefined
  })
  const connection = thread && (await deps.connections.openForThread(merchantId, thread))
  const identify = connection && deps.channels[connection.channel].identify
  if (!thread || !connection || !identify) return { ok: false, reason: 'missing' }
  const now = deps.clock.now()
  const person = identify(connection, proof, now)
  if (!person) return { ok: false, reason: 'unproven' }
  const bound = await inTransaction(deps.db, merchantId, async (tx) => {
    const intent = await lockIntent(tx, merchantId, id)
    return intent && bindPayer(tx, deps, intent, { thread, connectionId: connection.id, person })
  })
  if (!bound) return { ok: false, reason: 'missing' }
  if (bound === 'other' || bound === 'nobody') return { ok: false, reason: bound }
  deps.queue.wake('outbox.drain', { id })
  const pass = signPass(deps.secrets, bound.id, bound.participant_id, Math.floor(now.getTime() / 1000) + passSeconds) // exact: a time, not money
  return { ok: true, pass, hasCustomer: bound.customer_id !== null }
}

type Payable = IntentRow & { participant_id: string }

interface Opener {
  thread: ThreadRow
  connectionId: string
  person: InboundSender
}

/** The payment with its payer, unless this is not the one. A participant that is named is never replaced. */
const bindPayer = async (
  tx: Tx,
  deps: OpenerDeps,
  intent: IntentRow,
  { thread, connectionId, person }: Opener,
): Promise<Payable | 'other' | 'nobody'> => {
  const { merchant_id: merchantId } = intent
  if (intent.participant_id !== null) {
    const named = await findParticipant(tx, merchantId, intent.participant_id)
    const isNamed = named?.external_id === person.personId
    return isNamed ? { ...intent, participant_id: intent.participant_id } : 'other'
  }
  const place = { merchantId, channel: thread.channel, externalId: person.threadId, connectionId }
  if ((await findThreadOf(tx, place))?.id !== thread.id || !isBeforeMoney(intent.status)) return 'nobody'
  const now = deps.clock.now()
  const participant_id = await recordPerson(tx, {
    merchant_id: merchantId,
    id: newUuid(),
    thread_id: thread.id,
    external_id: person.personId,
    name: person.name?.slice(0, 200) || null,
    locale: person.locale ?? null,
    created_at: now,
  })
  const saved = await updateIntent(tx, intent, { participant_id }, now)
  await appendEvents(tx, [intentEvent(deps, saved, 'payment_intent.updated', { participant: null })])
  return { ...saved, participant_id }
}

const signPass = (secrets: Secrets, intentId: string, participantId: string, until: number): string =>
  [participantId, until, secrets.mac('opener', intentId, participantId, `${until}`).toString('base64url')].join('.')

/** Whether the person whom this payment names has opened it: the pass is good for this payment, and not for ever. */
export const isOpenedByPayer = (secrets: Secrets, intent: IntentRow, pass: string | undefined, now: Date): boolean => {
  const [participantId = '', until = '', mac = ''] = (pass ?? '').split('.')
  if (participantId !== intent.participant_id || !/^\d{10}$/.test(until)) return false
  const expected = secrets.mac('opener', intent.id, participantId, until).toString('base64url')
  return isEqual(mac, expected) && Number(until) * 1000 > now.getTime() // exact: a time, not money
}
