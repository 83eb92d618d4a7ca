import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { chinaStamp } from '../rules/times.ts'

/**
 * Numbers that look like WeChat Pay's and are the same in every run with the same seed: hash(seed, counter). The counter
 * is a Postgres sequence, taken in blocks, so that a number costs no round trip and no lock.
 */
export type Ids = {
  /** Must be awaited before a unit of work starts; afterwards `take` never has to wait. */
  ensure(client: Pool | PoolClient): Promise<void>
  take(kind: IdKind, nowMs: number): string
  reset(client: Pool | PoolClient): Promise<void>
}

export type IdKind = keyof typeof SHAPES

/** The day is part of most of WeChat Pay's numbers, so it is part of ours. */
const SHAPES = {
  transaction: (stamp: string, hash: string) => `4200${digits(hash, 6)}${stamp.slice(0, 8)}${digits(hash, 10, 6)}`,
  refund: (stamp: string, hash: string) => `5030${digits(hash, 7)}${stamp.slice(0, 8)}${digits(hash, 10, 7)}`,
  prepay: (stamp: string, hash: string) => `wx${stamp}${hash.slice(0, 20)}`,
  code: (_stamp: string, hash: string) => hash.slice(0, 9),
  event: (_stamp: string, hash: string) => `EV-${uuid(hash)}`,
  nonce12: (_stamp: string, hash: string) => hash.slice(0, 12),
  nonce32: (_stamp: string, hash: string) => hash.slice(0, 32),
  request: (_stamp: string, hash: string) => hash.slice(0, 40).toUpperCase(),
  flow: (stamp: string, hash: string) => `${stamp}${digits(hash, 14)}`,
  coupon: (_stamp: string, hash: string) => digits(hash, 11),
  complaint: (stamp: string, hash: string) => `2002${stamp}${digits(hash, 9)}`,
  transfer: (stamp: string, hash: string) => `13300${digits(hash, 17)}${stamp.slice(0, 8)}${digits(hash, 10, 17)}`,
  package: (_stamp: string, hash: string) => Buffer.from(hash, 'hex').toString('base64'),
  image: (_stamp: string, hash: string) => `${hash.slice(0, 32).toUpperCase()}.image`,
  log: (stamp: string, hash: string) => `${stamp}${digits(hash, 16)}`,
} as const

const BLOCK = 1024
const LOW = 512

export async function createIds(pool: Pool, seed: string): Promise<Ids> {
  let spare: number[] = []
  const ids: Ids = {
    async ensure(client) {
      if (spare.length >= LOW) return
      const { rows } = await client.query<{ first: number }>(`select nextval('sandbox_wechatpay.id')::int as first`)
      const first = rows[0]?.first ?? 0
      spare.push(...Array.from({ length: BLOCK }, (_, index) => first + index))
    },
    take(kind, nowMs) {
      const counter = spare.shift()
      if (counter === undefined) throw new Error('no spare ids: ensure() was not awaited')
      return SHAPES[kind](chinaStamp(nowMs), createHash('sha256').update(`${seed}:${kind}:${counter}`).digest('hex'))
    },
    async reset(client) {
      await client.query('alter sequence sandbox_wechatpay.id restart')
      spare = []
      await ids.ensure(client)
    },
  }
  await ids.ensure(pool)
  return ids
}

function digits(hash: string, length: number, from = 0): string {
  return BigInt(`0x${hash}`)
    .toString()
    .padStart(78, '0')
    .slice(20 + from, 20 + from + length)
}

function uuid(hash: string): string {
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-')
}
