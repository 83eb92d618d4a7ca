import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'

/**
 * Ids that look like Stripe's and are the same in every run with the same seed: hash(seed, prefix, counter). The
 * counters are Postgres sequences, taken in blocks, so an id costs no round trip and no lock.
 */
export type Ids = {
  /** Must be awaited before a unit of work starts; afterwards `take` never has to wait. */
  ensure(client: Pool | PoolClient): Promise<void>
  take(prefix: IdPrefix): string
  secret(owner: string): string
  reset(client: Pool | PoolClient): Promise<void>
}

const LENGTHS = {
  pi: 24,
  ch: 24,
  py: 24,
  re: 24,
  pyr: 24,
  txn: 24,
  cus: 14,
  pm: 24,
  seti: 24,
  du: 24,
  file: 24,
  fee: 24,
  fr: 24,
  tr: 24,
  trr: 24,
  po: 24,
  cs_test: 58,
  we: 24,
  evt: 24,
  li: 24,
  price: 24,
  prod: 14,
  req: 14,
  mandate: 24,
} as const
export type IdPrefix = keyof typeof LENGTHS

const BLOCK = 256
const LOW = 64
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const PREFIXES = Object.keys(LENGTHS) as IdPrefix[]

/** Part of the schema: one sequence for each kind of id. */
export const ID_SEQUENCES = PREFIXES.map(
  (prefix) => `create sequence if not exists sandbox_stripe.id_${prefix} increment ${BLOCK};`,
).join('\n')

export async function createIds(pool: Pool, seed: string): Promise<Ids> {
  const spare = new Map<IdPrefix, number[]>(PREFIXES.map((prefix) => [prefix, []]))

  const ids: Ids = {
    async ensure(client) {
      const low = PREFIXES.filter((prefix) => (spare.get(prefix)?.length ?? 0) < LOW)
      if (low.length === 0) return
      const calls = low.map((prefix) => `nextval('sandbox_stripe.id_${prefix}')::int as ${prefix}`)
      const { rows } = await client.query<Record<IdPrefix, number>>(`select ${calls.join(', ')}`)
      for (const prefix of low) {
        const first = rows[0]?.[prefix] ?? 0
        spare.get(prefix)?.push(...Array.from({ length: BLOCK }, (_, index) => first + index))
      }
    },
    take(prefix) {
      const counter = spare.get(prefix)?.shift()
      if (counter === undefined) throw new Error(`no spare ${prefix} ids: ensure() was not awaited`)
      return `${prefix}_${digest(`${seed}:${prefix}:${counter}`, LENGTHS[prefix])}`
    },
    secret: (owner) => digest(`${seed}:secret:${owner}`, 25),
    async reset(client) {
      for (const prefix of PREFIXES) {
        await client.query(`alter sequence sandbox_stripe.id_${prefix} restart`)
        spare.set(prefix, [])
      }
    },
  }
  await ids.ensure(pool)
  return ids
}

/** Base62 of a SHA-256, stretched with a second round when 43 characters are not enough. */
function digest(text: string, length: number): string {
  let out = ''
  for (let round = 0; out.length < length; round++) {
    const hash = createHash('sha256').update(`${round}:${text}`).digest()
    for (const byte of hash) out += ALPHABET[byte % ALPHABET.length]
  }
  return out.slice(0, length)
}
