import { keepMethod } from '#customers/keep-service.ts'
import type { MethodRow } from '#customers/method-repo.ts'
import type { Consent } from '#customers/method-schemas.ts'
import type { MethodDeps } from '#customers/method-service.ts'
import { addMs } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import type { Secrets } from '#platform/crypto.ts'
import type { Tx } from '#platform/database.ts'
import { appendEvents } from '#platform/outbox.ts'
import type { ProviderDecline } from '#providers/provider.ts'
import type { ProviderSetup, ProviderSetupPage } from '#providers/setups.ts'
import { returnUrlOf, viewSetup } from './methods-link-service.ts'
import { hasSetupInFlight } from './operation-repo.ts'
import { type SetupChange, type SetupRow, updateSetup } from './repo.ts'
import { judgeSetup, nextCheck, type SetupVerdict } from './setup-machine.ts'
import { accountOfSetup, showSetupError } from './setup-view.ts'

/** What setup intents are built from. */
export interface SetupDeps extends MethodDeps {
  secrets: Secrets
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
}

export interface AppliedSetup {
  row: SetupRow
  verdict: SetupVerdict['kind']
}

/**
 * Brings a locked setup intent to the provider's view: row, kept method and events in the caller's transaction. The same
 * view twice changes nothing. `isAnswer`: it is the answer to the call that is under way.
 */
export const applySetup = async (
  tx: Tx,
  deps: SetupDeps,
  row: SetupRow,
  news: ProviderSetup,
  { isAnswer = false }: { isAnswer?: boolean } = {},
): Promise<AppliedSetup> => {
  const now = deps.clock.now()
  const isBusy = !isAnswer && (await hasSetupInFlight(tx, row.merchant_id, row.id))
  const verdict = judgeSetup({ ...factsOf(row), isBusy }, news)
  if (verdict.kind === 'late') {
    await keep(tx, row, news, now, true)
    deps.logger.warn(
      { setup_intent: showId('setupIntent', row.id) },
      'kept after it was canceled; the provider forgets it',
    )
  }
  if (verdict.kind !== 'change') return { row, verdict: verdict.kind }
  const kept = news.state === 'succeeded' ? await keep(tx, row, news, now, false) : undefined
  const saved = await updateSetup(tx, row, changeOf(deps, row, news, kept, now), now)
  await tellSetup(tx, deps, saved, verdict.events, row)
  return { row: saved, verdict: 'change' }
}

const factsOf = (row: SetupRow) => ({
  status: row.status,
  providerRef: row.provider_ref,
  hasPage: row.page_ref !== null,
  lastError: row.last_setup_error,
  actionUrl: (row.next_action?.redirect_to_url as { url?: string } | undefined)?.url,
})

const keep = async (
  tx: Tx,
  row: SetupRow,
  { method, savedFor }: ProviderSetup,
  now: Date,
  isUnwanted: boolean,
): Promise<MethodRow> => {
  const kept =
    method &&
    savedFor !== undefined &&
    (await keepMethod(
      tx,
      {
        ...accountOfSetup(row),
        methodRef: method.ref,
        savedFor,
        details: method.details,
        consent: row.consent as unknown as Consent,
        usage: row.usage,
        paymentIntentId: null,
        setupIntentId: row.id,
        threadId: null,
        livemode: row.livemode,
        isUnwanted,
      },
      now,
    ))
  // Asked for again: nothing is called kept that nobody could charge.
  if (!kept) throw new Error('the provider kept a method, but not of a customer of ours')
  return kept
}

const changeOf = (
  deps: SetupDeps,
  row: SetupRow,
  news: ProviderSetup,
  kept: MethodRow | undefined,
  now: Date,
): SetupChange => {
  const { state, decline, actionUrl } = news
  const hasFailed = state === 'requires_payment_method' && decline !== undefined
  const isOver = state === 'succeeded' || state === 'canceled'
  return {
    status: state,
    provider_ref: news.ref,
    // A method that was refused cannot be used again; Stripe clears it too.
    payment_method: hasFailed ? null : row.payment_method,
    payment_method_id: kept?.id ?? null,
    next_action:
      state === 'requires_action' && actionUrl !== undefined
        ? {
            type: 'redirect_to_url',
            redirect_to_url: { url: actionUrl, return_url: returnUrlOf(deps, row) },
          }
        : null,
    ...(state === 'canceled' ? {} : { cancellation_reason: null }),
    ...(hasFailed ? { last_setup_error: showSetupError(decline, deps.publicUrl) } : {}),
    ...(state === 'succeeded' ? { last_setup_error: null } : {}),
    ...(isOver ? { page_url: null, page_expires_at: null, check_at: null } : { check_at: checkOf(row, state, now) }),
  }
}

const checkOf = (row: SetupRow, state: ProviderSetup['state'], now: Date): Date | null =>
  row.page_ref !== null || state === 'requires_action' || state === 'processing' ? nextCheck(row.created_at, now) : null

/** Leaves the provider's page behind, and what it has set up with it: the next attempt makes new ones. */
export const withoutSetupPage = (row: SetupRow): SetupChange => ({
  page_ref: null,
  page_url: null,
  page_expires_at: null,
  provider_ref: null,
  next_action: null,
  check_at: null,
  ...(row.status === 'requires_action' ? { status: 'requires_payment_method' as const } : {}),
})

/** How the provider's page stands: open to be used, over, or completed, of which only a look at its setup tells more. */
export const applySetupPage = (tx: Tx, row: SetupRow, page: ProviderSetupPage, now: Date): Promise<SetupRow> => {
  if (page.state === 'expired') return updateSetup(tx, row, withoutSetupPage(row), now)
  const isOpen = page.state === 'open'
  return updateSetup(
    tx,
    row,
    {
      ...(row.status === 'requires_confirmation' ? { status: 'requires_payment_method' as const } : {}),
      page_ref: page.ref,
      page_url: isOpen ? (page.url ?? null) : null,
      page_expires_at: isOpen ? (page.expiresAt ?? addMs(now, 3_600_000)) : null,
      provider_ref: page.setupRef ?? null,
      check_at: nextCheck(row.created_at, now),
    },
    now,
  )
}

/** A refused attempt of which the provider says nothing more. */
export const applyRefusal = async (
  tx: Tx,
  deps: SetupDeps,
  row: SetupRow,
  decline: ProviderDecline,
): Promise<SetupRow> => {
  if (row.status !== 'requires_confirmation') return row
  const saved = await updateSetup(
    tx,
    row,
    {
      status: 'requires_payment_method',
      payment_method: null,
      last_setup_error: showSetupError(decline, deps.publicUrl),
    },
    deps.clock.now(),
  )
  await tellSetup(tx, deps, saved, ['setup_intent.setup_failed'], row)
  return saved
}

export const tellSetup = (
  tx: Tx,
  deps: SetupDeps,
  row: SetupRow,
  types: readonly string[],
  before?: SetupRow,
): Promise<void> =>
  appendEvents(
    tx,
    types.map((type) => ({
      merchantId: row.merchant_id,
      type,
      objectId: row.id,
      threadId: null,
      paymentIntentId: null,
      object: viewSetup(deps, row),
      ...(before && before.status !== row.status ? { previousAttributes: { status: before.status } } : {}),
      livemode: row.livemode,
      createdAt: deps.clock.now(),
    })),
  )
