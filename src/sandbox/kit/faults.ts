import type { World } from './world.ts'

/** Faults on demand. Kept in the database, so a planned fault also hits after a restart; cached, so that none costs nothing. */
export type Faults<N extends string> = {
  isKnown(text: string): boolean
  /** The fault planned for this request, if any; it is used up. */
  forRequest(method: string, path: string, header: string | undefined): RequestFault<N> | null
  /** The first planned fault of which this is true; it is used up. */
  take(isMeant: (fault: PlannedFault) => boolean): PlannedFault | undefined
  plan(fault: Omit<PlannedFault, 'id'>): Promise<void>
  planned(): readonly PlannedFault[]
  clear(): Promise<void>
  load(): Promise<void>
}

export type RequestFault<N extends string> = { name: N; ms: number }
export type PlannedFault = { id: number; fault: string; remaining: number; method: string | null; path: string | null }

/** What may happen to a notification, after the provider's word for one. */
const NEWS_FAULTS = ['duplicate', 'reorder', 'delay', 'drop'] as const
const TIMEOUT_MS = 120_000
/** Long enough for the news that follow to overtake, short enough for a test. */
const REORDER_MS = 300

/** `requests`: what may happen to a request. `others`: all that is not about a request, without a number after a colon. */
export function createFaults<N extends string>(
  { schema, pool, log }: Pick<World, 'schema' | 'pool' | 'log'>,
  requests: readonly N[],
  others: readonly string[],
): Faults<N> {
  let known: PlannedFault[] = []

  const read = (text: string): RequestFault<N> | null => {
    const [head, ms] = text.split(':')
    const name = requests.find((item) => item === head)
    return name === undefined ? null : { name, ms: ms === undefined ? TIMEOUT_MS : Number(ms) }
  }
  const take = (isMeant: (fault: PlannedFault) => boolean): PlannedFault | undefined => {
    const fault = known.find(isMeant)
    if (!fault) return undefined
    fault.remaining -= 1
    if (fault.remaining <= 0) known = known.filter((item) => item !== fault)
    // Not awaited: the fault is used up in memory already, and a crash here may at worst repeat it.
    pool
      .query(`update ${schema}.fault set remaining = $2 where id = $1`, [fault.id, fault.remaining])
      .catch((error: unknown) => log({ msg: 'a used fault could not be saved', error: String(error) }))
    return fault
  }
  return {
    isKnown: (text) => read(text) !== null || others.some((name) => name === text.split(':')[0]),
    forRequest(method, path, header) {
      if (header !== undefined) return read(header)
      const isMeant = (item: PlannedFault) =>
        read(item.fault) !== null && (item.method ?? method) === method && matches(item.path, path)
      return read(take(isMeant)?.fault ?? '')
    },
    take,
    async plan({ fault, remaining, method, path }) {
      const { rows } = await pool.query<{ id: string }>(
        `insert into ${schema}.fault (fault, remaining, method, path) values ($1, $2, $3, $4) returning id`,
        [fault, remaining, method, path],
      )
      known.push({ id: Number(rows[0]?.id), fault, remaining, method, path })
    },
    planned: () => known,
    async clear() {
      known = []
      await pool.query(`delete from ${schema}.fault`)
    },
    async load() {
      const { rows } = await pool.query<PlannedFault>(`select * from ${schema}.fault where remaining > 0 order by id`)
      known = rows.map((row) => ({ ...row, id: Number(row.id) }))
    },
  }
}

export const newsFaults = (word: string): string[] => NEWS_FAULTS.map((fault) => `${word}_${fault}`)

/** How many milliseconds late each delivery of one piece of news starts; none: it is dropped. */
export function delaysOf(fault: PlannedFault | undefined): number[] {
  const [name = '', ms] = (fault?.fault ?? '').split(':')
  if (name.endsWith('_drop')) return []
  if (name.endsWith('_reorder')) return [REORDER_MS]
  if (name.endsWith('_delay')) return [Number(ms ?? 1000)]
  return name.endsWith('_duplicate') ? [0, 0] : [0]
}

/** `*` stands for any run of characters; no pattern matches everything. */
export function matches(pattern: string | null, text: string): boolean {
  if (pattern === null) return true
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`).test(text)
}
