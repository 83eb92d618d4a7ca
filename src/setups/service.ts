import { ensureCustomerRef } from '#customers/keep-service.ts'
import { findMethod } from '#customers/method-repo.ts'
import { requireCustomer } from '#customers/repo.ts'
import { AppError, notFound } from '#kernel/errors.ts'
import { newUuid, parseId, showId } from '#kernel/ids.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import { listAnswer, mergeMetadata, readPage, requireUuid } from '#platform/listing.ts'
import type { ProviderAccount } from '#providers/accounts.ts'
import { chooseKeeper } from './account-service.ts'
import { type SetupDeps, tellSetup } from './apply-service.ts'
import { attachMethod, resolveAttachment } from './attach-service.ts'
import { setupCallsOf } from './calls-service.ts'
import { returnUrlOf, viewSetup } from './methods-link-service.ts'
import { findDueSetupOperations, findSetupOperation } from './operation-repo.ts'
import { openSetupPage } from './page-service.ts'
import {
  findSetup,
  findSetupsToCheck,
  insertSetup,
  lockSetup,
  requireSetup,
  type SetupRow,
  selectSetups,
  updateSetup,
} from './repo.ts'
import type { ConfirmSetup, CreateSetup, ListSetups, SetupIntent, UpdateSetup } from './schemas.ts'
import { isSetupOpen, nextCheck } from './setup-machine.ts'
import { accountOfSetup, consentOf } from './setup-view.ts'
import { leaveSetupPage, syncSetup } from './sync-service.ts'
import { performSetup, resolveSetupOperation, type SetupScope } from './work-service.ts'

export type SetupService = ReturnType<typeof createSetupService>

interface Scope {
  merchantId: string
  livemode: boolean
  resourceId: string
}

/** Methods of payment that are kept without a payment: on the provider's page, by the API, or because it has them. */
export const createSetupService = (deps: SetupDeps) => ({
  create: (scope: Scope, body: CreateSetup): Promise<SetupIntent> => create(deps, scope, body),

  retrieve: (merchantId: string, id: string): Promise<SetupIntent> =>
    inTransaction(deps.db, merchantId, async (tx) => viewSetup(deps, await requireSetup(tx, merchantId, id))),

  list: (merchantId: string, query: ListSetups) =>
    inTransaction(deps.db, merchantId, async (tx) => {
      let select = selectSetups(tx, merchantId)
      const { customer, payment_method: method } = query
      if (customer !== undefined)
        select = select.where('customer_id', '=', requireUuid('customer', customer, 'customer', 'customer'))
      if (method !== undefined) {
        const id = requireUuid('paymentMethod', method, 'payment_method', 'payment_method')
        select = select.where('payment_method_id', '=', id)
      }
      const page = await readPage(select, query, 'setupIntent')
      const data = page.rows.map((row) => viewSetup(deps, row))
      return listAnswer('/v1/setup_intents', data, page.hasMore)
    }),

  update: (merchantId: string, id: string, body: UpdateSetup): Promise<SetupIntent> =>
    update(deps, merchantId, id, body),

  confirm: async (scope: Scope, id: string, body: ConfirmSetup): Promise<SetupIntent> => {
    const setupIntentId = requireUuid('setupIntent', id, 'setup_intent', 'intent')
    const key = { merchantId: scope.merchantId, setupIntentId, requestId: scope.resourceId }
    return viewSetup(deps, await confirm(deps, key, body))
  },

  cancel: async (scope: Scope, id: string, reason: string | undefined): Promise<SetupIntent> => {
    const setupIntentId = requireUuid('setupIntent', id, 'setup_intent', 'intent')
    const key = { merchantId: scope.merchantId, setupIntentId, requestId: scope.resourceId }
    return viewSetup(deps, await cancel(deps, key, reason))
  },

  /** Attaches a method that the provider has already to a customer of ours. */
  attach: (scope: Scope, id: string, input: Parameters<typeof attachMethod>[3]) => attachMethod(deps, scope, id, input),

  openPage: (row: SetupRow, links: Parameters<typeof openSetupPage>[2]) => openSetupPage(deps, row, links),

  /** What the provider says of a setup intent: see `syncSetup`. */
  sync: (
    merchantId: string,
    id: string,
    about?: { ref?: string | undefined; from?: Omit<ProviderAccount, 'merchantId'> },
  ) => syncSetup(deps, merchantId, id, about),

  /** Job `setup.resolve`: finds out what became of a call. */
  resolve: async (merchantId: string, operationId: string): Promise<void> => {
    const read = (tx: Tx) => findSetupOperation(tx, merchantId, operationId)
    const operation = await inTransaction(deps.db, merchantId, read)
    if (operation?.kind === 'attach') await resolveAttachment(deps, merchantId, operationId)
    else await resolveSetupOperation(deps, merchantId, operationId)
  },

  /** Job `setup.check`: asks after what the provider was last heard of a while ago. */
  check: async (merchantId: string, id: string): Promise<void> => {
    const now = deps.clock.now()
    const isDue = await inTransaction(deps.db, merchantId, async (tx) => {
      const row = await lockSetup(tx, merchantId, id)
      if (!row || row.check_at === null || row.check_at > now) return false
      // Put off first, so that what cannot be asked after does not come back with every sweep.
      await updateSetup(tx, row, { check_at: nextCheck(row.created_at, now) }, now)
      return true
    })
    if (isDue) await syncSetup(deps, merchantId, id)
  },

  sweep: async (): Promise<void> => {
    const { maintenance } = deps.db
    const now = deps.clock.now()
    for (const { id, merchant_id: merchant } of await findDueSetupOperations(maintenance, now, 500))
      deps.queue.wake('setup.resolve', { id, merchant }, { repeated: true })
    for (const { id, merchant_id: merchant } of await findSetupsToCheck(maintenance, now, 100))
      deps.queue.wake('setup.check', { id, merchant }, { repeated: true })
  },
})

const create = async (deps: SetupDeps, scope: Scope, body: CreateSetup): Promise<SetupIntent> => {
  const { merchantId, livemode, resourceId: id } = scope
  const customerId = requireUuid('customer', body.customer, 'customer', 'customer')
  const now = deps.clock.now()
  const account = await inTransaction(deps.db, merchantId, (tx) => keeperFor(tx, deps, scope, body))
  await setupCallsOf(deps, account)
  const row = await inTransaction(deps.db, merchantId, async (tx) => {
    await requireCustomer(tx, merchantId, customerId)
    const fresh: SetupRow = {
      merchant_id: merchantId,
      id,
      customer_id: customerId,
      usage: body.usage,
      status: body.payment_method === undefined ? 'requires_payment_method' : 'requires_confirmation',
      provider: account.provider,
      provider_connection_id: account.connectionId,
      provider_ref: null,
      page_ref: null,
      page_url: null,
      page_expires_at: null,
      payment_method: body.payment_method ?? null,
      payment_method_id: null,
      consent: consentOf(body.consent, now),
      next_action: null,
      last_setup_error: null,
      cancellation_reason: null,
      description: body.description ?? null,
      return_url: body.return_url ?? null,
      metadata: mergeMetadata({}, body.metadata ?? {}),
      livemode,
      version: 1,
      check_at: null,
      created_at: now,
      updated_at: now,
    }
    if (!(await insertSetup(tx, fresh))) return (await findSetup(tx, merchantId, id)) ?? fresh
    await tellSetup(tx, deps, fresh, ['setup_intent.created'])
    return fresh
  })
  deps.queue.wake('outbox.drain', { id })
  if (!body.confirm) return viewSetup(deps, row)
  return viewSetup(deps, await confirm(deps, { merchantId, setupIntentId: id, requestId: id }, {}))
}

/** A method that is kept already is set up where it is kept. */
const keeperFor = async (tx: Tx, deps: SetupDeps, scope: Scope, body: CreateSetup): Promise<ProviderAccount> => {
  const { merchantId } = scope
  const id = body.payment_method === undefined ? undefined : parseId('paymentMethod', body.payment_method)
  const kept = id === undefined ? undefined : await findMethod(tx, merchantId, id)
  if (!kept) return chooseKeeper(tx, deps.providers, scope, body.connection)
  return { merchantId, provider: kept.provider, connectionId: kept.provider_connection_id }
}

const update = async (
  deps: SetupDeps,
  merchantId: string,
  id: string,
  { payment_method: method, description, metadata }: UpdateSetup,
): Promise<SetupIntent> =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const row = await requireSetup(tx, merchantId, id, lockSetup)
    if (method !== undefined) refuseUnlessOpen(deps, row, 'update')
    const isNamed = method !== undefined && row.status !== 'requires_action'
    const change = {
      ...(isNamed ? { payment_method: method, status: 'requires_confirmation' as const } : {}),
      ...(description === undefined ? {} : { description }),
      ...(metadata === undefined ? {} : { metadata: mergeMetadata(row.metadata, metadata) }),
    }
    return viewSetup(deps, await updateSetup(tx, row, change, deps.clock.now()))
  })

const confirm = async (deps: SetupDeps, scope: SetupScope, body: ConfirmSetup): Promise<SetupRow> => {
  const { merchantId, setupIntentId } = scope
  await leaveSetupPage(deps, scope)
  const asked = await inTransaction(deps.db, merchantId, (tx) => findSetup(tx, merchantId, setupIntentId))
  if (!asked) throw notFound('setup_intent', showId('setupIntent', setupIntentId), 'intent')
  const isOpen = isSetupOpen(asked.status)
  const customerRef = isOpen ? await ensureCustomerRef(deps, accountOfSetup(asked), asked.customer_id) : ''
  return performSetup(deps, scope, 'confirm', async (tx, row) => {
    refuseUnlessOpen(deps, row, 'confirm')
    if (row.page_ref !== null) throw new AppError('lock_timeout', { retryAfter: 1 })
    await requireCustomer(tx, merchantId, row.customer_id)
    const method = body.payment_method ?? row.payment_method
    if (method === null) {
      const message = `You cannot confirm this SetupIntent because it is missing a payment method. Send payment_method, or the payer to its setup_url.`
      throw new AppError('setup_intent_unexpected_state', { message, param: 'payment_method' })
    }
    const change = {
      payment_method: method,
      status: 'requires_confirmation' as const,
      next_action: null,
      last_setup_error: null,
      ...(body.return_url === undefined ? {} : { return_url: body.return_url }),
    }
    const saved = await updateSetup(tx, row, change, deps.clock.now())
    const command = {
      customerRef,
      setupRef: row.provider_ref ?? undefined,
      method: await refOfMethod(tx, row, method),
      usage: row.usage,
      returnUrl: returnUrlOf(deps, saved),
    }
    return { row: saved, command }
  })
}

/** What the provider calls it: one that is kept here goes by our id, for its own customer and account only. */
const refOfMethod = async (tx: Tx, row: SetupRow, method: string): Promise<string> => {
  const id = parseId('paymentMethod', method)
  if (id === undefined) return method
  const kept = await findMethod(tx, row.merchant_id, id)
  if (!kept) throw notFound('payment_method', method, 'payment_method')
  const isHere = kept.provider === row.provider && kept.provider_connection_id === row.provider_connection_id
  if (kept.customer_id === row.customer_id && kept.detached_at === null && isHere) return kept.provider_ref
  const message =
    kept.detached_at === null
      ? `The payment method belongs to another customer, or is kept by another account than this setup intent's.`
      : 'The payment method was detached from its customer. Use another one.'
  throw new AppError('payment_method_unexpected_state', { message, param: 'payment_method' })
}

/** Cancels here and, when the provider knows the setup, there first: the method may have been kept in the meantime. */
const cancel = async (deps: SetupDeps, scope: SetupScope, reason: string | undefined): Promise<SetupRow> => {
  await leaveSetupPage(deps, scope)
  const canceled = await performSetup(deps, scope, 'cancel', async (tx, row) => {
    refuseUnlessOpen(deps, row, 'cancel')
    if (row.page_ref !== null) throw new AppError('lock_timeout', { retryAfter: 1 })
    const now = deps.clock.now()
    const told = await updateSetup(tx, row, { cancellation_reason: reason ?? null }, now)
    if (row.provider_ref !== null) return { row: told, command: { setupRef: row.provider_ref } }
    const saved = await updateSetup(tx, told, { status: 'canceled', next_action: null, check_at: null }, now)
    await tellSetup(tx, deps, saved, ['setup_intent.canceled'], row)
    return { row: saved }
  })
  deps.queue.wake('outbox.drain', { id: newUuid() })
  return canceled
}

const refuseUnlessOpen = (deps: SetupDeps, row: SetupRow, what: 'confirm' | 'cancel' | 'update'): void => {
  if (isSetupOpen(row.status)) return
  throw new AppError('setup_intent_unexpected_state', {
    message: `You cannot ${what} this SetupIntent because it has a status of ${row.status}.`,
    extra: { setup_intent: viewSetup(deps, row) },
  })
}
