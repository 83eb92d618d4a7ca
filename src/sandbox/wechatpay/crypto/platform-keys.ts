import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { Pool } from 'pg'
import { createCertificate } from './certificate.ts'

export type PlatformKey = {
  /** What stands in `Wechatpay-Serial`. */
  serial: string
  privateKey: KeyObject
  /** The public key, or the certificate around it. */
  pem: string
}
export type PlatformKeys = {
  publicKeyMode: PlatformKey
  certificateMode: PlatformKey & { validFromMs: number; validToMs: number }
}

type Stored = { publicKeyMode: string; certificateMode: string; validFromMs: number }

const SETTING = 'platform_keys'
const VALID_MS = 5 * 365 * 86_400_000
const BITS = 2048

/** WeChat Pay's two keys, made once and kept; two processes that start at once end up with the same ones. */
export async function loadPlatformKeys(
  pool: Pool,
  nowMs: number,
  given: { publicKeyMode: string; certificateMode: string } | undefined,
): Promise<PlatformKeys> {
  const stored = (await readStored(pool)) ?? (await keep(pool, await make(nowMs, given)))
  const publicKeyMode = createPrivateKey(stored.publicKeyMode)
  const certificateMode = createPrivateKey(stored.certificateMode)
  const validToMs = stored.validFromMs + VALID_MS
  const serial = fingerprint(stored.certificateMode).slice(0, 40).toUpperCase()
  const pem = createCertificate({
    privateKey: certificateMode,
    serialNo: serial,
    commonName: 'Simulated Tenpay.com sign',
    validFromMs: stored.validFromMs,
    validToMs,
  })
  return {
    publicKeyMode: {
      serial: `PUB_KEY_ID_0114${digits(stored.publicKeyMode, 24)}`,
      privateKey: publicKeyMode,
      pem: createPublicKey(publicKeyMode).export({ type: 'spki', format: 'pem' }).toString(),
    },
    certificateMode: { serial, privateKey: certificateMode, pem, validFromMs: stored.validFromMs, validToMs },
  }
}

/** A new RSA key pair, as PEM. */
export async function makeKeyPair(): Promise<{ privateKey: string; publicKey: string }> {
  return promisify(generateKeyPair)('rsa', {
    modulusLength: BITS,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
}

async function make(nowMs: number, given: { publicKeyMode: string; certificateMode: string } | undefined) {
  // Certificates know whole seconds.
  const validFromMs = Math.floor(nowMs / 1000) * 1000 - 86_400_000
  if (given) return { ...given, validFromMs }
  const [first, second] = await Promise.all([makeKeyPair(), makeKeyPair()])
  return { publicKeyMode: first.privateKey, certificateMode: second.privateKey, validFromMs }
}

async function keep(pool: Pool, made: Stored): Promise<Stored> {
  await pool.query('insert into sandbox_wechatpay.setting values ($1, $2) on conflict (name) do nothing', [
    SETTING,
    JSON.stringify(made),
  ])
  return (await readStored(pool)) ?? made
}

async function readStored(pool: Pool): Promise<Stored | null> {
  const { rows } = await pool.query<{ value: string }>('select value from sandbox_wechatpay.setting where name = $1', [
    SETTING,
  ])
  return rows[0] ? (JSON.parse(rows[0].value) as Stored) : null
}

const fingerprint = (text: string) => createHash('sha256').update(text).digest('hex')
const digits = (text: string, length: number) =>
  BigInt(`0x${fingerprint(text)}`)
    .toString()
    .slice(0, length)
