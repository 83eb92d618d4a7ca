import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { inTransaction, type Tx } from '#platform/database.ts'
import type { PaymentDeps } from './apply-service.ts'
import type { IntentRow } from './intent-view.ts'
import { listOperations, type OperationRow } from './operation-repo.ts'
import type { StoredCommand } from './provider-calls-service.ts'
import { requireIntent } from './read-service.ts'
import { routeOf, showRoute, tellRoute } from './route.ts'

interface Chapter {
  at: string
  kind: 'routing' | 'veto' | 'operation' | 'provider_event' | 'event' | 'ledger' | 'message'
  id: string
  text: string
  data: Record<string, unknown>
}

/** The whole story of a payment in order: what we asked, what the provider said, what followed and what was ignored. */
export const explainIntent = (deps: PaymentDeps, merchantId: string, id: string) =>
  inTransaction(deps.db, merchantId, async (tx) => {
    const row = await requireIntent(tx, merchantId, id)
    const story = [
      ...routing(row),
      ...(await vetoes(tx, merchantId, row.id)),
      ...(await operations(tx, merchantId, row.id)),
      ...(await answers(tx, merchantId, row.id)),
      ...(await providerEvents(tx, merchantId, row.id)),
      ...(await events(tx, merchantId, row.id)),
      ...(await ledger(tx, merchantId, row.id)),
      ...(await messages(tx, merchantId, row.id)),
    ].sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1))
    return {
      object: 'payment_explanation' as const,
      payment_intent: id,
      status: row.status,
      conflict: row.conflict,
      story,
    }
  })

/** The decision that holds; earlier ones are told by the operations that followed them. */
const routing = (row: IntentRow): Chapter[] => {
  const route = routeOf(row)
  if (!route) return []
  const { decided_at: at } = route
  return [{ at, kind: 'routing', id: showId('paymentIntent', row.id), text: tellRoute(route), data: showRoute(route) }]
}

const vetoes = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await tx
    .selectFrom('vetoes')
    .selectAll()
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    at: row.created_at.toISOString(),
    kind: 'veto',
    id: showId('veto', row.id),
    text: `veto ${row.answer}${row.message ? `: ${row.message}` : ''}`,
    data: { answer: row.answer, is_allowed: row.is_allowed, message: row.message, duration_ms: row.duration_ms },
  }))
}

const operations = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await listOperations(tx, merchantId, intentId)
  return rows.map((row) => ({
    at: row.created_at.toISOString(),
    kind: 'operation',
    id: showId('operation', row.id),
    text: `${row.kind} ${row.state}${tellAccount(row)}${row.reason ? `: ${row.reason}` : ''}`,
    data: {
      kind: row.kind,
      ...accountOf(row),
      state: row.state,
      amount: row.amount === null ? null : toJsonAmount(row.amount),
      attempts: row.attempts,
      // What the payer had agreed to, of a charge without them.
      ...(row.command.consent === undefined ? {} : { consent: row.command.consent }),
      answer: row.answer,
      finished_at: row.finished_at?.toISOString() ?? null,
    },
  }))
}

/** What was sent to the provider about a dispute; the texts themselves are the dispute's. */
const answers = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await tx
    .selectFrom('dispute_operations as o')
    .innerJoin('disputes as d', (join) =>
      join.onRef('d.merchant_id', '=', 'o.merchant_id').onRef('d.id', '=', 'o.dispute_id'),
    )
    .select([
      'o.id',
      'o.kind',
      'o.state',
      'o.reason',
      'o.attempts',
      'o.created_at',
      'o.finished_at',
      'd.id as dispute_id',
    ])
    .where('d.merchant_id', '=', merchantId)
    .where('d.payment_intent_id', '=', intentId)
    .orderBy('o.id')
    .execute()
  return rows.map((row) => ({
    at: row.created_at.toISOString(),
    kind: 'operation',
    id: showId('operation', row.id),
    text: `dispute ${row.kind} ${row.state}${row.reason ? `: ${row.reason}` : ''}`,
    data: {
      kind: row.kind,
      dispute: showId('dispute', row.dispute_id),
      state: row.state,
      attempts: row.attempts,
      finished_at: row.finished_at?.toISOString() ?? null,
    },
  }))
}

const accountOf = ({ command }: OperationRow) => {
  const { provider, connection, route } = command as unknown as StoredCommand
  return { provider, connection: connection ? showId('connection', connection) : null, route: route ?? null }
}

/** " at wechatpay (choice 2 of 2 by rule 'china')", for what takes money. */
const tellAccount = ({ command }: OperationRow): string => {
  const { provider, route } = command as unknown as StoredCommand
  return route ? ` at ${provider} (choice ${route.choice} of ${route.of} by rule '${route.rule}')` : ''
}

const providerEvents = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await tx
    .selectFrom('provider_events')
    .select(['id', 'provider', 'ref', 'type', 'state', 'reason', 'received_at', 'processed_at', 'attempts'])
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    at: row.received_at.toISOString(),
    kind: 'provider_event',
    id: showId('providerEvent', row.id),
    text: `${row.provider} ${row.type} ${row.state}${row.reason ? `: ${row.reason}` : ''}`,
    data: {
      type: row.type,
      ref: row.ref,
      state: row.state,
      attempts: row.attempts,
      processed_at: row.processed_at?.toISOString() ?? null,
    },
  }))
}

const events = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await tx
    .selectFrom('events')
    .select(['id', 'type', 'object_id', 'created_at', 'previous_attributes'])
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    at: row.created_at.toISOString(),
    kind: 'event',
    id: showId('event', row.id),
    text: row.type,
    data: { type: row.type, previous_attributes: row.previous_attributes },
  }))
}

const ledger = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await tx
    .selectFrom('ledger_transactions as t')
    .innerJoin('ledger_entries as e', (join) =>
      join.onRef('e.merchant_id', '=', 't.merchant_id').onRef('e.transaction_id', '=', 't.id'),
    )
    .innerJoin('ledger_accounts as a', (join) =>
      join.onRef('a.merchant_id', '=', 'e.merchant_id').onRef('a.id', '=', 'e.account_id'),
    )
    .select(['t.id', 't.kind', 't.event_key', 't.created_at', 'e.line', 'e.amount', 'e.currency', 'a.code', 'a.name'])
    .where('t.merchant_id', '=', merchantId)
    .where('t.payment_intent_id', '=', intentId)
    .orderBy('t.id')
    .orderBy('e.line')
    .execute()
  const byId = Map.groupBy(rows, (row) => row.id)
  return [...byId.values()].flatMap((lines) => {
    const [head] = lines
    if (!head) return []
    return [
      {
        at: head.created_at.toISOString(),
        kind: 'ledger' as const,
        id: showId('ledgerTransaction', head.id),
        text: `${head.kind} booked`,
        data: {
          event_key: head.event_key,
          entries: lines.map((line) => ({
            account: line.code,
            name: line.name,
            currency: line.currency,
            amount: toJsonAmount(line.amount),
          })),
        },
      },
    ]
  })
}

const messages = async (tx: Tx, merchantId: string, intentId: string): Promise<Chapter[]> => {
  const rows = await tx
    .selectFrom('messages')
    .select(['id', 'kind', 'text', 'state', 'created_at'])
    .where('merchant_id', '=', merchantId)
    .where('payment_intent_id', '=', intentId)
    .orderBy('id')
    .execute()
  return rows.map((row) => ({
    at: row.created_at.toISOString(),
    kind: 'message',
    id: showId('message', row.id),
    text: `${row.kind} ${row.state}`,
    data: { kind: row.kind, text: row.text, state: row.state },
  }))
}
