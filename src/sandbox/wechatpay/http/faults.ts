import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import type { PendingNotification } from '../store/flush.ts'

/** Faults on demand. Kept in the database, so a planned fault also hits after a restart; cached, so that none costs nothing. */
export type Faults = {
  /** The fault planned for this request, if any; it is used up. */
  forRequest(method: string, path: string, header: string | undefined): RequestFault | null
  /** How this refund shall end, if somebody planned it. */
  forRefund(outRefundNo: string): 'ABNORMAL' | 'CLOSED' | null
  deliveriesOf(notification: PendingNotification): PlannedDelivery[]
  plan(fault: PlannedFault): Promise<void>
  planned(): readonly PlannedFault[]
  clear(): Promise<void>
  load(): Promise<void>
}

export type RequestFault = { name: (typeof REQUEST_FAULTS)[number]; ms: number }
export type PlannedFault = { id: number; fault: string; remaining: number; method: string | null; path: string | null }
export type PlannedDelivery = { delayMs: number; isProbe: boolean }

const REQUEST_FAULTS = [
  'error_500',
  'error_after',
  'lost_answer',
  'timeout',
  'delay',
  'rate_limit',
  'bad_signature',
] as const
const NOTIFY_FAULTS = ['notify_duplicate', 'notify_reorder', 'notify_delay', 'notify_drop', 'notify_probe'] as const
const REFUND_FAULTS = { refund_abnormal: 'ABNORMAL', refund_closed: 'CLOSED' } as const
const TIMEOUT_MS = 120_000
/** Long enough for the notifications that follow to overtake, short enough for a test. */
const REORDER_MS = 300

export function isFault(text: string): boolean {
  const isOther = [...NOTIFY_FAULTS, ...Object.keys(REFUND_FAULTS)].some((name) => name === text.split(':')[0])
  return isOther || parseRequestFault(text) !== null
}

export function createFaults(pool: Pool, probing: { rate: number; seed: string }, log: (line: object) => void): Faults {
  let known: PlannedFault[] = []

  const take = (isMeant: (fault: PlannedFault) => boolean): PlannedFault | undefined => {
    const fault = known.find(isMeant)
    if (!fault) return undefined
    fault.remaining -= 1
    if (fault.remaining <= 0) known = known.filter((item) => item !== fault)
    // Not awaited: the fault is used up in memory already, and a crash here may at worst repeat it.
    pool
      .query('update sandbox_wechatpay.fault set remaining = $2 where id = $1', [fault.id, fault.remaining])
      .catch((error: unknown) => log({ msg: 'a used fault could not be saved', error: String(error) }))
    return fault
  }
  return {
    forRequest(method, path, header) {
      if (header !== undefined) return parseRequestFault(header)
      const isMeant = (item: PlannedFault) =>
        parseRequestFault(item.fault) !== null && (item.method ?? method) === method && matches(item.path, path)
      return parseRequestFault(take(isMeant)?.fault ?? '')
    },
    forRefund(outRefundNo) {
      const found = take((item) => item.fault in REFUND_FAULTS && matches(item.path, outRefundNo))
      return found ? REFUND_FAULTS[found.fault as keyof typeof REFUND_FAULTS] : null
    },
    deliveriesOf({ id, type }) {
      const found = take((item) => item.fault.startsWith('notify_') && matches(item.path, type))
      const [name, ms] = (found?.fault ?? '').split(':')
      const probes = name === 'notify_probe' || isProbed(id, probing) ? [{ delayMs: 0, isProbe: true }] : []
      if (name === 'notify_drop') return probes
      const delayMs = name === 'notify_reorder' ? REORDER_MS : name === 'notify_delay' ? Number(ms ?? 1000) : 0
      const once = [{ delayMs, isProbe: false }]
      return [...probes, ...once, ...(name === 'notify_duplicate' ? once : [])]
    },
    async plan({ fault, remaining, method, path }) {
      const { rows } = await pool.query<{ id: string }>(
        'insert into sandbox_wechatpay.fault (fault, remaining, method, path) values ($1, $2, $3, $4) returning id',
        [fault, remaining, method, path],
      )
      known.push({ id: Number(rows[0]?.id), fault, remaining, method, path })
    },
    planned: () => known,
    async clear() {
      known = []
      await pool.query('delete from sandbox_wechatpay.fault')
    },
    async load() {
      const { rows } = await pool.query<PlannedFault>(
        'select * from sandbox_wechatpay.fault where remaining > 0 order by id',
      )
      known = rows.map((row) => ({ ...row, id: Number(row.id) }))
    },
  }
}

/** By chance, but the same chance in every run with the same seed. */
function isProbed(id: string, { rate, seed }: { rate: number; seed: string }): boolean {
  return createHash('sha256').update(`${seed}:probe:${id}`).digest().readUInt32BE(0) < rate * 2 ** 32
}

function parseRequestFault(text: string): RequestFault | null {
  const [head, ms] = text.split(':')
  const name = REQUEST_FAULTS.find((item) => item === head)
  if (!name) return null
  return { name, ms: ms === undefined ? TIMEOUT_MS : Number(ms) }
}

/** `*` stands for any run of characters; no pattern matches everything. */
function matches(pattern: string | null, text: string): boolean {
  if (pattern === null) return true
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(text)
}
