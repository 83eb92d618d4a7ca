import type { SendAnswer } from '#channels/channel.ts'
import type { ChannelFailure } from '#channels/inbound.ts'
import { addMs } from '#kernel/clock.ts'
import type { Tx } from '#platform/database.ts'
import { changeConsents, endConsents } from '#threads/consent-repo.ts'
import { moveThread } from '#threads/inbound-service.ts'
import type { Claimed } from './claim-service.ts'
import { afterRefusal, isForward } from './ladder.ts'
import type { OutboxDeps } from './outbox-deps.ts'
import { lockMessage, releaseNext, updateMessage } from './outbox-repo.ts'
import { repeatProgress } from './progress-service.ts'
import type { MessageRow } from './repo.ts'
import { changeState, endMessage } from './state-service.ts'

/** What is left to do once the record stands. */
export interface Aftermath {
  /** Messages that may go now. */
  wake: string[]
  postponeUntil?: Date
  breakWith?: ChannelFailure
}

/** Moves of a chat that are followed; a chat that moves in circles is left. */
const movesMax = 3

/** Writes down what the platform answered, unless somebody else has taken the message over since. */
export const recordAnswer = async (
  tx: Tx,
  deps: OutboxDeps,
  claimed: Claimed,
  answer: SendAnswer,
): Promise<Aftermath> => {
  const row = await lockMessage(tx, claimed.row.merchant_id, claimed.row.id)
  if (!row?.sending_since || row.attempts !== claimed.row.attempts) return { wake: [] }
  switch (answer.outcome) {
    case 'sent':
      return recordSent(tx, deps, claimed, row, answer.ref)
    case 'refused':
      return recordRefusal(tx, deps, claimed, row, answer)
    case 'unknown':
      return recordUnknown(tx, deps, claimed, row)
    default: {
      const never: never = answer
      throw new RangeError(`unknown answer ${String(never)}`)
    }
  }
}

const recordSent = async (
  tx: Tx,
  deps: OutboxDeps,
  { row: sent, thread, connection, isEdit }: Claimed,
  row: MessageRow,
  ref: string | undefined,
): Promise<Aftermath> => {
  const now = deps.clock.now()
  const capabilities = deps.channels[connection.channel].capabilities(connection.settings)
  const platform_ref = isEdit ? row.platform_ref : (ref ?? null)
  // It has changed while it was on its way.
  const isBehind = row.revision > sent.revision && capabilities.editMessage && platform_ref !== null
  const change = {
    platform_ref,
    sent_revision: sent.revision,
    sending_since: null,
    attempts: 0,
    failure: null,
    next_attempt_at: isBehind ? now : null,
  }
  if (isEdit) await updateMessage(tx, row, change)
  // Its receipt may have been faster than the answer.
  else
    await changeState(
      tx,
      deps,
      thread,
      row,
      { ...change, sent_at: now, ...(isForward(row.state, 'sent') ? { state: 'sent' as const } : {}) },
      connection.livemode,
    )
  const next = isEdit ? [] : await releaseNext(tx, row, now)
  return { wake: [...(isBehind ? [row.id] : []), ...next] }
}

const recordRefusal = async (
  tx: Tx,
  deps: OutboxDeps,
  { thread, connection, isEdit, rendered }: Claimed,
  row: MessageRow,
  { failure, retryAfterMs, movedTo }: Extract<SendAnswer, { outcome: 'refused' }>,
): Promise<Aftermath> => {
  const now = deps.clock.now()
  const kept = { failure: { ...failure }, sending_since: null }
  if (rendered.consent !== undefined) await restoreConsent(tx, thread, rendered.consent, failure)
  if (movedTo !== undefined && movedTo !== thread.external_id && row.attempts <= movesMax) {
    await moveThread(tx, connection, { fromThreadId: thread.external_id, toThreadId: movedTo }, now)
    await updateMessage(tx, row, { ...kept, next_attempt_at: now })
    return { wake: [row.id] }
  }
  const step = afterRefusal(failure, { attempt: row.attempts, retryAfterMs, random: Math.random() })
  if (step.step === 'retry') {
    const at = addMs(now, step.afterMs)
    await updateMessage(tx, row, { ...kept, next_attempt_at: at })
    return { wake: [], ...(step.pausesConnection ? { postponeUntil: addMs(now, retryAfterMs ?? step.afterMs) } : {}) }
  }
  if (step.step === 'wait') {
    await updateMessage(tx, row, { ...kept, next_attempt_at: isEdit ? null : addMs(now, step.afterMs) })
    return { wake: [], breakWith: failure }
  }
  if (isEdit) {
    await updateMessage(tx, row, { ...kept, attempts: 0, next_attempt_at: null })
    const instead =
      row.kind === 'bill_progress' ? await repeatProgress(tx, deps, thread, row, connection.livemode) : undefined
    return { wake: instead === undefined ? [] : [instead] }
  }
  // Below the merchant's own channel there is nothing.
  if (step.step === 'next_rung' && row.route !== 'merchant') {
    await updateMessage(tx, row, { ...kept, ...lower(row), next_attempt_at: now })
    return { wake: [row.id] }
  }
  return { wake: await endMessage(tx, deps, thread, row, { state: 'undeliverable', failure }, connection.livemode) }
}

/** What was not sent has used up nothing; unless the platform says that there was nothing to use. */
const restoreConsent = async (tx: Tx, thread: Claimed['thread'], consent: string, { reason }: ChannelFailure) => {
  if (reason === 'window_closed') await endConsents(tx, thread, consent)
  else await changeConsents(tx, thread, consent, 1)
}

/** `window` stays, with its failure beside it: the claim then takes the rung below. From the others it is the last one. */
const lower = ({ route }: Pick<MessageRow, 'route'>): { route: MessageRow['route'] } => ({
  route: route === null || route === 'window' ? 'window' : 'merchant',
})

/** Where the platform forgets repeats, the same key goes out again; elsewhere a second try may be a second message. */
const recordUnknown = async (
  tx: Tx,
  deps: OutboxDeps,
  { thread, connection, isEdit }: Claimed,
  row: MessageRow,
): Promise<Aftermath> => {
  const { idempotentSend } = deps.channels[connection.channel].capabilities(connection.settings)
  const step = afterRefusal(
    { reason: 'temporary', code: '', advice: '' },
    { attempt: row.attempts, retryAfterMs: undefined, random: Math.random() },
  )
  if ((isEdit || idempotentSend) && step.step === 'retry') {
    // `sending_since` stays: what is repeated is what was sent, with its key.
    await updateMessage(tx, row, { next_attempt_at: addMs(deps.clock.now(), step.afterMs) })
    return { wake: [] }
  }
  if (isEdit) {
    await updateMessage(tx, row, { next_attempt_at: null, sending_since: null, attempts: 0 })
    return { wake: [] }
  }
  return { wake: await endMessage(tx, deps, thread, row, { state: 'unconfirmed' }, connection.livemode) }
}
