import { keyFor, signatureHeaders } from '../http/answer.ts'
import type { Sandbox } from '../sandbox.ts'
import { createInFlight } from './in-flight.ts'
import { createSender, type Sender } from './send.ts'

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

type Due = { id: string; is_probe: boolean; attempts: number; mchid: string; url: string; body: string }
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
  const sender = createSender(sandbox.settings.notifyTimeoutMs)
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
      .catch((error: unknown) => sandbox.log({ msg: 'notification results not recorded', error: String(error) }))
      .finally(() => {
        recording = null
        if (results.length > 0) return record()
        if (inFlight.count() < CONCURRENCY) sandbox.wake()
      })
  }
  const write = async () => {
    const batch = results.splice(0)
    try {
      await sandbox.pool.query({ name: 'wechatpay-record-deliveries', text: RECORD, values: [JSON.stringify(batch)] })
    } finally {
      // Unrecorded ones stay due in the table, and are sent again.
      inFlight.release(batch)
    }
  }
  return {
    async pump() {
      if (isClosed || inFlight.count() >= BATCH) return
      await sandbox.ids.ensure(sandbox.pool)
      const { rows } = await sandbox.pool.query<Due>({
        name: 'wechatpay-due-deliveries',
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

/** 200 and 204 are thanks; anything else is asked again. A probe is sent once, and a 2xx to it is a failure for good. */
async function attempt(sandbox: Sandbox, sender: Sender, due: Due): Promise<Result> {
  const { id, is_probe: isProbe, attempts, mchid, url, body } = due
  const key = keyFor(sandbox, sandbox.merchants.find(mchid) ?? null)
  const { status, error } = await sender.send(url, body, signatureHeaders(sandbox, key, body, isProbe))
  const pauseMs = sandbox.settings.notifyRetryMs[attempts]
  const again = pauseMs === undefined ? 'failed' : 'pending'
  const isThanked = status === 200 || status === 204
  const isRefused = status !== null && status >= 400
  sandbox.log({ msg: 'notification', delivery: id, attempt: attempts + 1, isProbe, status, error })
  return {
    id,
    attempts: attempts + 1,
    state: isProbe ? (isRefused ? 'delivered' : 'failed') : isThanked ? 'delivered' : again,
    due_ms: sandbox.clock.nowMs() + (pauseMs ?? 0),
    last_status: status,
    last_error: error,
  }
}

const DUE = `
select d.id, d.is_probe, d.attempts, n.mchid, n.url, n.body
from sandbox_wechatpay.delivery d join sandbox_wechatpay.notification n on n.id = d.notification_id
where d.state = 'pending' and d.due_ms <= $1 and d.id <> all ($2::bigint[])
order by d.due_ms, d.id limit $3
`

const RECORD = `
update sandbox_wechatpay.delivery d
set state = r.state, attempts = r.attempts, due_ms = r.due_ms, last_status = r.last_status, last_error = r.last_error
from json_to_recordset($1::json) as r (id bigint, state text, attempts int, due_ms bigint, last_status int, last_error text)
where d.id = r.id
`
