import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { AppError } from '#kernel/errors.ts'
import { isEqual, sha256 } from './crypto.ts'
import { type Database, inTransaction } from './database.ts'

export const roles = ['service', 'merchant', 'bot', 'finance', 'platform'] as const
export type Role = (typeof roles)[number]

/** What a valid key stands for. */
export interface Identity {
  merchantId: string
  apiKeyId: string
  role: Role
  livemode: boolean
}

const roleMarks = { service: 'svc', merchant: 'mer', bot: 'bot', finance: 'fin', platform: 'plt' } as const
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const keyForm = /^par_(live|test)_(svc|mer|bot|fin|plt)_([0-9A-Za-z]{49})([0-9A-Za-z]{6})$/
const secretBytes = 20

/**
 * A new secret key: `par_test_svc_<merchant and 160 random bits, base 62><CRC-32, base 62>`. The checksum lets a
 * scanner or this server refuse a mistyped key without asking the database; the merchant inside lets the look-up run
 * under row-level security. Only the SHA-256 is stored.
 */
export const newApiKey = (merchantId: string, role: Role, livemode: boolean): string => {
  const merchant = Buffer.from(merchantId.replaceAll('-', ''), 'hex')
  const body = toBase62(Buffer.concat([merchant, randomBytes(secretBytes)]), 49)
  const head = `par_${livemode ? 'live' : 'test'}_${roleMarks[role]}_${body}`
  return head + checksum(head)
}

const checksum = (head: string): string => toBase62(Buffer.from(crc32(head).toString(16).padStart(8, '0'), 'hex'), 6)

const toBase62 = (bytes: Buffer, length: number): string => {
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (let i = 0; i < length; i++) {
    text = digits[Number(rest % 62n)] + text
    rest /= 62n
  }
  return text
}

/** The merchant that a well-formed key names, or undefined for anything that cannot be one of ours. */
export const merchantOfKey = (key: string): string | undefined => {
  const match = keyForm.exec(key)
  const [, , , body, sum] = match ?? []
  if (!body || !sum || checksum(key.slice(0, -6)) !== sum) return undefined
  let number = 0n
  for (const letter of body) number = number * 62n + BigInt(digits.indexOf(letter))
  const hex = number.toString(16).padStart((16 + secretBytes) * 2, '0')
  if (hex.length > (16 + secretBytes) * 2) return undefined
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

interface CachedKey {
  identity: Identity
  expiresAt: Date | null
  readAt: number
}

/** Revoking takes effect within this time in every process. */
const cacheMs = 1000
const cacheMax = 10_000

/**
 * Returns a function that turns a key into an identity or throws 401. A service is in one mode, that of its provider's
 * key: a test key never reaches live money, and the other way round.
 */
export const createAuthenticator = (
  db: Database,
  now: () => Date,
  livemode: boolean,
): ((key: string) => Promise<Identity>) => {
  const cache = new Map<string, CachedKey>()
  return async (key) => {
    const digest = sha256(key)
    const name = digest.toString('base64')
    const at = now().getTime()
    let known = cache.get(name)
    if (!known || at - known.readAt > cacheMs) {
      known = { ...(await readKey(db, key, digest)), readAt: at }
      if (cache.size >= cacheMax) cache.clear()
      cache.set(name, known)
    }
    if (known.identity.livemode !== livemode) {
      const [wrong, right] = livemode ? ['test', 'live'] : ['live', 'test']
      throw new AppError('api_key_invalid', {
        message: `This is a ${wrong} key, and this service runs in ${right} mode.`,
      })
    }
    if (known.expiresAt && known.expiresAt.getTime() <= at) throw new AppError('api_key_expired')
    return known.identity
  }
}

const readKey = async (db: Database, key: string, digest: Buffer): Promise<Omit<CachedKey, 'readAt'>> => {
  const merchantId = merchantOfKey(key)
  if (!merchantId) throw new AppError('api_key_invalid')
  const row = await inTransaction(db, merchantId, (tx) =>
    tx
      .selectFrom('api_keys')
      .select(['id', 'role', 'livemode', 'hash', 'expires_at'])
      .where('merchant_id', '=', merchantId)
      .where('hash', '=', digest)
      .executeTakeFirst(),
  )
  if (!row || !isEqual(row.hash, digest)) throw new AppError('api_key_invalid')
  return {
    identity: { merchantId, apiKeyId: row.id, role: row.role, livemode: row.livemode },
    expiresAt: row.expires_at,
  }
}
