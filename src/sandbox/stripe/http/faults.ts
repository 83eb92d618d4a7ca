import type { Pool } from 'pg'
import type { PendingEvent } from '../store/event-document.ts'
import type { Endpoint } from '../webhooks/endpoints.ts'

/** Faults on demand. Kept in the database, so a planned fault also hits after a restart; cached, so that none costs nothing. */
export type Faults = {
  /** The fault planned for this request, if any; it is used up. */
  forRequest(method: string, path: string, header: string | undefined): RequestFault | null
  deliveriesOf(event: PendingEvent, endpoints: Endpoint[]): PlannedDelivery[]
  plan(fault: PlannedFault): Promise<void>
  planned(): readonly PlannedFault[]
  clear(): Promise<void>
  load(): Promise<void>
}

export type RequestFault = {
  name: 'error_500' | 'error_503' | 'error_after' | 'lost_answer' | 'timeout' | 'delay' | 'rate_limit'
  ms: number
}
export type PlannedFault = { id: number; fault: string; remaining: number; method: string | null; path: string | null }
export type PlannedDelivery = { event_id: string; endpoint_id: string; delay_ms: number }

const REQUEST_FAULTS = [
  'error_500',
  'error_503',
  'error_after',
  'lost_answer',
  'timeout',
  'delay',
  'rate_limit',
] as const
const WEBHOOK_FAULTS = ['webhook_duplicate', 'webhook_reorder', 'webhook_delay', 'webhook_drop'] as const
const TIMEOUT_MS = 120_000
/** Long enough for the events that follow to overtake, short enough for a test. */
const REORDER_MS = 300

export function isFault(text: string): boolean {
  return parseRequestFault(text) !== null || WEBHOOK_FAULTS.some((name) => name === text.split(':')[0])
}

export function createFaults(pool: Pool, log: (line: object) => void): Faults {
  let known: PlannedFault[] = []

  const useUp = (fault: PlannedFault) => {
    fault.remaining -= 1
    if (fault.remaining <= 0) known = known.filter((item) => item !== fault)
    // Not awaited: the fault is used up in memory already, and a crash here may at worst repeat it.
    pool
      .query('update sandbox_stripe.fault set remaining = $2 where id = $1', [fault.id, fault.remaining])
      .catch((error: unknown) => log({ msg: 'a used fault could not be saved', error: String(error) }))
  }
  return {
    forRequest(method, path, header) {
      if (header !== undefined) return parseRequestFault(header)
      const found = known.find(
        (item) => parseRequestFault(item.fault) && (item.method ?? method) === method && matchesPath(item.path, path),
      )
      if (!found) return null
      useUp(found)
      return parseRequestFault(found.fault)
    },
    deliveriesOf(event, endpoints) {
      if (endpoints.length === 0) return []
      const found = known.find((item) => item.fault.startsWith('webhook_') && matchesPath(item.path, event.type))
      if (found) useUp(found)
      const [name, ms] = (found?.fault ?? '').split(':')
      if (name === 'webhook_drop') return []
      const delay = name === 'webhook_reorder' ? REORDER_MS : name === 'webhook_delay' ? Number(ms ?? 1000) : 0
      const once = endpoints.map(({ id }) => ({ event_id: event.id, endpoint_id: id, delay_ms: delay }))
      return name === 'webhook_duplicate' ? [...once, ...once] : once
    },
    async plan({ fault, remaining, method, path }) {
      const { rows } = await pool.query<{ id: string }>(
        'insert into sandbox_stripe.fault (fault, remaining, method, path) values ($1, $2, $3, $4) returning id',
        [fault, remaining, method, path],
      )
      known.push({ id: Number(rows[0]?.id), fault, remaining, method, path })
    },
    planned: () => known,
    async clear() {
      known = []
      await pool.query('delete from sandbox_stripe.fault')
    },
    async load() {
      const { rows } = await pool.query<PlannedFault>(
        'select * from sandbox_stripe.fault where remaining > 0 order by id',
      )
      known = rows.map((row) => ({ ...row, id: Number(row.id) }))
    },
  }
}

function parseRequestFault(text: string): RequestFault | null {
  const [head, ms] = text.split(':')
  const name = REQUEST_FAULTS.find((item) => item === head)
  if (!name) return null
  return { name, ms: ms === undefined ? TIMEOUT_MS : Number(ms) }
}

/** `*` stands for any run of characters; no pattern matches everything. */
function matchesPath(pattern: string | null, path: string): boolean {
  if (pattern === null) return true
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(path)
}
