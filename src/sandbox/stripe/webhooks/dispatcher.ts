import type { Sandbox } from '../sandbox.ts'
import { createInFlight } from './in-flight.ts'
import { createSender, type Sender } from './send.ts'
import { signatureHeader } from './signature.ts'

const CONCURRENCY = 8
const BATCH = 64

export type Dispatcher = {
  /** Takes up what is due, as far as there is room; does not wait for the answers. */
  pump(): Promise<void>
  /** Waits until nothing is being delivered. */
  idle(): Promise<void>
  inFlight(): number
  close(): Promise<void>
}

type Due = { id: string; endpoint_id: string; attempts: number; body: string }
type Result = {
  id: string
  state: 'pending' | 'delivered' | 'failed'
  attempts: number
  due_ms: number
  last_status: number | null
  last_error: string | null
}

/** Delivers by real HTTP, at least once: a crash between an answer and its record repeats the delivery. */
export function createDispatcher(sandbox: Sandbox): Dispatcher {
  const inFlight = createInFlight()
  const waiting: Due[] = []
  const results: Result[] = []
  const sender = createSender()
  let sending = 0
  let recording: Promise<void> | null = null
  let isClosed = false

  const next = () => {
    while (sending < CONCURRENCY && waiting.length > 0 && !isClosed) {
      const due = waiting.shift()
      if (due) void deliver(due)
    }
  }
  const deliver = async (due: Due) => {
    sending += 1
    const result = await attempt(sandbox, sender, due)
    sending -= 1
    // Cut off by our own end: the row stays as it was, for the next process.
    if (isClosed && result.last_status === null) return inFlight.release([due])
    results.push(result)
    next()
    record()
  }
  /** Results that come in while one batch is being written are written together by the next. */
  const record = () => {
    if (recording) return
    recording = write()
      .catch((error: unknown) => sandbox.log({ msg: 'webhook results not recorded', error: String(error) }))
      .finally(() => {
        recording = null
        if (results.length > 0) return record()
        if (inFlight.count() < CONCURRENCY) sandbox.wake()
      })
  }
  const write = async () => {
    const batch = results.splice(0)
    try {
      await sandbox.pool.query({ name: 'record-deliveries', text: RECORD, values: [JSON.stringify(batch)] })
    } finally {
      // Unrecorded ones stay due in the table, and are sent again.
      inFlight.release(batch)
    }
  }
  return {
    async pump() {
      if (isClosed || inFlight.count() >= BATCH) return
      const { rows } = await sandbox.pool.query<Due>({
        name: 'due-deliveries',
        text: DUE,
        values: [sandbox.clock.nowMs(), inFlight.ids(), BATCH - inFlight.count()],
      })
      inFlight.add(rows)
      waiting.push(...rows)
      next()
    },
    idle: inFlight.whenEmpty,
    inFlight: inFlight.count,
    async close() {
      isClosed = true
      inFlight.release(waiting.splice(0))
      sender.close()
      await inFlight.whenEmpty()
    },
  }
}

async function attempt(sandbox: Sandbox, sender: Sender, { id, endpoint_id, attempts, body }: Due): Promise<Result> {
  const endpoint = sandbox.endpoints.byId(endpoint_id)
  const done = attempts + 1
  const base = { id, attempts: done, due_ms: sandbox.clock.nowMs() }
  if (!endpoint) return { ...base, state: 'failed', last_status: null, last_error: 'the endpoint is gone' }
  const { status, error } = await sender.send(
    endpoint.url,
    body,
    signatureHeader(endpoint.secret, body, sandbox.clock.realMs()),
  )
  const isDelivered = status !== null && status >= 200 && status < 300
  const pauseMs = sandbox.settings.webhookRetryMs[attempts]
  sandbox.log({ msg: 'webhook', delivery: id, attempt: done, status, error })
  return {
    ...base,
    state: isDelivered ? 'delivered' : pauseMs === undefined ? 'failed' : 'pending',
    due_ms: sandbox.clock.nowMs() + (pauseMs ?? 0),
    last_status: status,
    last_error: error,
  }
}

const DUE = `
select d.id, d.endpoint_id, d.attempts, o.doc::text as body
from sandbox_stripe.delivery d join sandbox_stripe.object o on o.id = d.event_id
where d.state = 'pending' and d.due_ms <= $1 and d.id <> all ($2::bigint[])
order by d.due_ms, d.id limit $3
`

const RECORD = `
update sandbox_stripe.delivery d
set state = r.state, attempts = r.attempts, due_ms = r.due_ms, last_status = r.last_status, last_error = r.last_error
from json_to_recordset($1::json) as r (id bigint, state text, attempts int, due_ms bigint, last_status int, last_error text)
where d.id = r.id
`
