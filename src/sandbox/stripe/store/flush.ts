import type { PoolClient } from 'pg'
import type { Sandbox } from '../sandbox.ts'
import type { AnyRow } from './documents.ts'
import type { PendingEvent } from './event-document.ts'
import type { StoredAnswer, TaskName } from './work.ts'

export type Pending = {
  rows: Map<string, AnyRow>
  events: PendingEvent[]
  tasks: { name: TaskName; subject: string; due_ms: number }[]
  answer: (StoredAnswer & { created: number }) | null
  after: (() => Promise<void>)[]
}

/** Everything one unit of work changed, in one statement: atomic by itself when no transaction is open. */
export async function flush(client: PoolClient, sandbox: Sandbox, pending: Pending, account: string): Promise<boolean> {
  const { rows, events, tasks, answer } = pending
  if (rows.size + events.length + tasks.length === 0 && !answer) return false
  const objects = [...[...rows.values()].map(rowJson), ...events.map(eventJson)]
  const deliveries = events.flatMap((event) =>
    sandbox.faults.deliveriesOf(event, sandbox.endpoints.matching(event.type, account)),
  )
  await client.query({
    name: 'flush',
    text: FLUSH,
    values: [
      `[${objects.join(',')}]`,
      JSON.stringify(
        deliveries.map((delivery) => ({ ...delivery, due_ms: sandbox.clock.nowMs() + delivery.delay_ms })),
      ),
      JSON.stringify(tasks),
      answer ? JSON.stringify([answer]) : '[]',
      account,
    ],
  })
  return events.length + tasks.length > 0
}

// The idempotency row is a plain insert on purpose: if the same key was committed meanwhile, the whole work fails.
const FLUSH = `
with written as (
  insert into sandbox_stripe.object (id, kind, created, customer, payment_intent, charge, doc, hidden, account)
  select id, kind, created, customer, payment_intent, charge, doc, hidden, coalesce(account, $5)
  from json_to_recordset($1::json)
    as r (id text, kind text, created bigint, customer text, payment_intent text, charge text, doc json, hidden json,
      account text)
  on conflict (id) do update set customer = excluded.customer, payment_intent = excluded.payment_intent,
    charge = excluded.charge, doc = excluded.doc, hidden = excluded.hidden
), delivered as (
  insert into sandbox_stripe.delivery (event_id, endpoint_id, due_ms)
  select event_id, endpoint_id, due_ms from json_to_recordset($2::json)
    as r (event_id text, endpoint_id text, due_ms bigint)
), scheduled as (
  insert into sandbox_stripe.task (name, subject, due_ms)
  select name, subject, due_ms from json_to_recordset($3::json) as r (name text, subject text, due_ms bigint)
)
insert into sandbox_stripe.idempotency (key, fingerprint, request_id, status, body, created)
select key, fingerprint, "requestId", status, body, created from json_to_recordset($4::json)
  as r (key text, fingerprint text, "requestId" text, status int, body text, created bigint)
`

function rowJson(row: AnyRow): string {
  const doc = row.doc as {
    created?: number
    customer?: unknown
    payment_intent?: unknown
    charge?: unknown
    source?: unknown
  }
  return JSON.stringify({
    id: row.id,
    kind: row.kind,
    created: doc.created ?? 0,
    customer: idOrNull(doc.customer),
    payment_intent: idOrNull(doc.payment_intent),
    charge: idOrNull(row.kind === 'balance_transaction' ? doc.source : doc.charge),
    doc,
    hidden: row.hidden,
    ...(row.account === undefined ? {} : { account: row.account }),
  })
}

/** The text of an event goes in untouched: it is what will be signed and sent. */
function eventJson(event: PendingEvent): string {
  const { id, created, about } = event
  const head = JSON.stringify({ id, kind: 'event', created, payment_intent: about, hidden: {} })
  return `${head.slice(0, -1)},"doc":${event.text}}`
}

const idOrNull = (value: unknown) => (typeof value === 'string' ? value : null)
