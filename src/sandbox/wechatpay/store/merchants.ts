import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import type { Pool } from 'pg'
import { makeKeyPair, type PlatformKeys } from '../crypto/platform-keys.ts'
import type { KeyMode, MerchantCredentials, MerchantOptions } from '../options.ts'

export type Merchant = {
  mchid: string
  appids: string[]
  apiV3Key: string
  serialNo: string
  publicKey: KeyObject
  mode: KeyMode
  feeRate: number
  openingBalance: number
  complaintUrl: string | null
}

/** The merchants, kept in memory: every request asks for one. */
export type Merchants = {
  find(mchid: string): Merchant | undefined
  all(): Merchant[]
  credentials(mchid: string): MerchantCredentials | undefined
  /** Adds a merchant, or changes what is given of one that is known. */
  keep(options: MerchantOptions): Promise<Merchant>
  setComplaintUrl(mchid: string, url: string | null): Promise<void>
  load(): Promise<void>
}

type Stored = {
  appids: string[]
  apiV3Key: string
  serialNo: string
  publicKey: string
  privateKey: string
  mode: KeyMode
  feeRate: number
  openingBalance: number
  complaintUrl: string | null
}

const DEFAULT_FEE_RATE = 60
const DEFAULT_BALANCE = 10_000_000

export function createMerchants(pool: Pool, keys: PlatformKeys, seed: string): Merchants {
  const stored = new Map<string, Stored>()
  const merchants = new Map<string, Merchant>()
  const put = (mchid: string, doc: Stored): Merchant => {
    const { privateKey: _, publicKey, ...rest } = doc
    const merchant = { ...rest, mchid, publicKey: createPublicKey(publicKey) }
    stored.set(mchid, doc)
    merchants.set(mchid, merchant)
    return merchant
  }
  const write = async (mchid: string, doc: Stored, isNew: boolean) => {
    // Of two processes that make the same merchant at once, the first one's keys count.
    const onConflict = isNew ? 'do nothing' : '(mchid) do update set doc = excluded.doc'
    await pool.query(`insert into sandbox_wechatpay.merchant (mchid, doc) values ($1, $2) on conflict ${onConflict}`, [
      mchid,
      JSON.stringify(doc),
    ])
    await load()
  }
  const load = async () => {
    const { rows } = await pool.query<{ mchid: string; doc: Stored }>(
      'select mchid, doc from sandbox_wechatpay.merchant order by seq',
    )
    for (const { mchid, doc } of rows) put(mchid, doc)
  }
  const get = (mchid: string): Merchant => {
    const merchant = merchants.get(mchid)
    if (!merchant) throw new Error(`merchant ${mchid} is not known`)
    return merchant
  }
  return {
    find: (mchid) => merchants.get(mchid),
    all: () => [...merchants.values()],
    credentials(mchid) {
      const doc = stored.get(mchid)
      return doc && credentialsOf(mchid, doc, keys)
    },
    async keep(options) {
      const known = stored.get(options.mchid)
      const doc = known ? changed(known, options) : await made(options, seed)
      await write(options.mchid, doc, !known)
      return get(options.mchid)
    },
    async setComplaintUrl(mchid, url) {
      const known = stored.get(mchid)
      if (known) await write(mchid, { ...known, complaintUrl: url }, false)
    },
    load,
  }
}

async function made(options: MerchantOptions, seed: string): Promise<Stored> {
  const pair = options.certificate ? { publicKey: options.certificate.publicKey, privateKey: '' } : await makeKeyPair()
  return {
    appids: options.appids,
    apiV3Key: options.apiV3Key ?? hash(`${seed}:apiv3:${options.mchid}`).slice(0, 32),
    serialNo: options.certificate?.serialNo ?? hash(pair.publicKey).slice(0, 40).toUpperCase(),
    ...pair,
    mode: options.mode ?? 'public_key',
    feeRate: options.feeRate ?? DEFAULT_FEE_RATE,
    openingBalance: options.openingBalance ?? DEFAULT_BALANCE,
    complaintUrl: null,
  }
}

function changed(known: Stored, options: MerchantOptions): Stored {
  const { certificate } = options
  return {
    ...known,
    appids: options.appids,
    apiV3Key: options.apiV3Key ?? known.apiV3Key,
    ...(certificate ? { ...certificate, privateKey: '' } : {}),
    mode: options.mode ?? known.mode,
    feeRate: options.feeRate ?? known.feeRate,
    openingBalance: options.openingBalance ?? known.openingBalance,
  }
}

function credentialsOf(mchid: string, doc: Stored, keys: PlatformKeys): MerchantCredentials {
  return {
    mchid,
    appid: doc.appids[0] ?? '',
    appids: doc.appids,
    mode: doc.mode,
    serialNo: doc.serialNo,
    privateKey: doc.privateKey,
    apiV3Key: doc.apiV3Key,
    publicKeyId: keys.publicKeyMode.serial,
    publicKey: keys.publicKeyMode.pem,
    platformSerialNo: keys.certificateMode.serial,
    platformCertificate: keys.certificateMode.pem,
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')
