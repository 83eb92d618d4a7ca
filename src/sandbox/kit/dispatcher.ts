import { createInFlight } from './in-flight.ts'
import { createRecorder, type Result } from './recorder.ts'
import { type Attempt, createSender } from './send.ts'
import type { World } from './world.ts'

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

export type Due = { id: string; attempts: number; body: string }

/** How a provider tells its news. */
export type Deliveries<D extends Due> = {
  /** `select … from <schema>.delivery d …`, up to where the kit says which of them are due. */
  select: string
  timeoutMs: number
  /** Pauses between the attempts. After the last, a delivery is given up. */
  retryMs: readonly number[]
  /** Awaited before each look at the table. */
  prepare?(): Promise<void>
  /** Whereto, and the headers that say and prove who tells it; null: there is nobody to tell any more. */
  address(due: D): { url: string; headers: Record<string, string> } | null
  judge(status: number | null, due: D): 'delivered' | 'again' | 'failed'
}

/** Delivers by real HTTP, at least once: a crash between an answer and its record repeats the delivery. */
export function createDispatcher<D extends Due>(world: World, deliveries: Deliveries<D>): Dispatcher {
  const inFlight = createInFlight()
  const record = createRecorder(world, inFlight, () => {
    if (inFlight.count() < CONCURRENCY) world.wake()
  })
  const waiting: D[] = []
  const sender = createSender(deliveries.timeoutMs)
  let sending = 0
  let isClosed = false

  const next = () => {
    while (sending < CONCURRENCY && waiting.length > 0 && !isClosed) {
      const due = waiting.shift()
      if (due) void deliver(due)
    }
  }
  const deliver = async (due: D) => {
    sending += 1
    const address = deliveries.address(due)
    const attempt = address ? await sender.send(address.url, due.body, address.headers) : NOBODY
    const result = resultOf(world, deliveries, due, attempt)
    sending -= 1
    // Cut off by our own end: the row stays as it was, for the next process.
    if (isClosed && result.last_status === null) return inFlight.release([due])
    record(result)
    next()
  }
  return {
    async pump() {
      if (isClosed || inFlight.count() >= BATCH) return
      await deliveries.prepare?.()
      const { rows } = await world.pool.query<D>({
        name: 'due-deliveries',
        text: `${deliveries.select} ${WHICH_ARE_DUE}`,
        values: [world.clock.nowMs(), inFlight.ids(), BATCH - inFlight.count()],
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

const NOBODY = { status: null, error: 'the endpoint is gone' }

function resultOf<D extends Due>(world: World, { retryMs, judge }: Deliveries<D>, due: D, attempt: Attempt): Result {
  const { status, error } = attempt
  const attempts = due.attempts + 1
  const pauseMs = retryMs[due.attempts]
  const verdict = attempt === NOBODY ? 'failed' : judge(status, due)
  const again = pauseMs === undefined ? 'failed' : 'pending'
  world.log({ msg: 'delivery', delivery: due.id, attempt: attempts, status, error })
  return {
    id: due.id,
    state: verdict === 'again' ? again : verdict,
    attempts,
    due_ms: world.clock.nowMs() + (pauseMs ?? 0),
    last_status: status,
    last_error: error,
  }
}

const WHICH_ARE_DUE = `
where d.state = 'pending' and d.due_ms <= $1 and d.id <> all ($2::bigint[])
order by d.due_ms, d.id limit $3
`
