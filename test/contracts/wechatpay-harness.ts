import assert from 'node:assert/strict'
import { createCipheriv, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { newUuid } from '#kernel/ids.ts'
import { readAccount } from '#providers/wechatpay/account.ts'
import { createWechatpayProvider } from '#providers/wechatpay/index.ts'
import { startWechatpaySandbox } from '#sandbox/wechatpay/index.ts'
import type { KeyMode, MerchantCredentials } from '#sandbox/wechatpay/options.ts'
import { openDatabase } from './database.ts'
import { openSink } from './notification-sink.ts'
import type { ProviderHarness } from './provider-harness.ts'
import { openCheckedWire } from './wechatpay-checked-wire.ts'

const settleMs = 30_000

/** The adapter over real HTTP against the simulator, which signs as WeChat Pay does, with a real endpoint for its news. */
export const wechatpayHarness = async (mode: KeyMode = 'public_key'): Promise<ProviderHarness> => {
  const database = await openDatabase()
  const sink = await openSink()
  const platform = [makeKey(), makeKey()] as const
  const mchid = '1900000109'
  const sandbox = await startWechatpaySandbox({
    databaseUrl: database.url,
    port: 0,
    seed: 'contract',
    refundSettleMs: settleMs,
    merchants: [{ mchid, appids: ['wx8888888888888888'], mode, openingBalance: 10_000_000 }],
    platformKeys: { publicKeyMode: pemOf(platform[0]), certificateMode: pemOf(platform[1]) },
  })
  const wire = await openCheckedWire(sandbox.url)
  const { credentials } = sandbox
  const account = readAccount(
    { mchid, appid: credentials.appid },
    {
      private_key: credentials.privateKey,
      serial_no: credentials.serialNo,
      api_v3_key: credentials.apiV3Key,
      ...(mode === 'certificate' ? {} : { public_key: credentials.publicKey, public_key_id: credentials.publicKeyId }),
    },
  )
  const provider = createWechatpayProvider({ account, notifyUrl: sink.url, livemode: false, apiBase: wire.url })
  return {
    provider,
    currency: 'cny' as ProviderHarness['currency'],
    methods: {
      good: 'SUCCESS',
      declined: 'NOTPAY',
      needsAction: 'USERPAYING',
      needsActionAlways: 'USERPAYING',
      refundFails: 'refund_closed',
      refundPends: 'refund_pends',
    },
    missing: {
      payment: 'op_missing',
      charge: '4200000000000000000000000000',
      refund: 'op_missing',
      page: 'op_missing',
      method: 'pm_missing',
    },
    now: () => new Date(),
    spoilNext: async (how) => {
      await sandbox.control('POST', 'faults', { fault: faults[how], count: 1, match: { method: 'POST' } })
    },
    act: async () => refuseToAct(),
    payPage: async ({ ref }, method) => {
      const isPlain = !method.startsWith('refund_')
      await sandbox.control('POST', `orders/${ref}/pay`, { result: isPlain ? method : 'SUCCESS' })
      if (method !== 'refund_closed') return
      // Of all refunds that are due it is to be the next one.
      await sandbox.control('POST', 'advance', { ms: settleMs + 1 })
      await sandbox.control('POST', 'faults', { fault: method, count: 1 })
    },
    settle: async () => {
      await sandbox.control('POST', 'advance', { ms: settleMs + 1 })
      await sandbox.drainWebhooks()
    },
    duplicateNext: async () => {
      await sandbox.control('POST', 'faults', { fault: 'notify_duplicate', count: 1 })
    },
    notifications: async () => {
      await sandbox.drainWebhooks()
      return sink.take()
    },
    signed: (what) => {
      const [key, serial] =
        mode === 'certificate' ? [platform[1], credentials.platformSerialNo] : [platform[0], credentials.publicKeyId]
      return sign(what === 'no event' ? '{"id":"4200"}' : notification(types[what], credentials), key, serial)
    },
    close: async () => {
      assert.deepEqual(wire.complaints, [])
      await wire.close()
      await sandbox.close()
      await sink.close()
      await database.close()
    },
  }
}

const refuseToAct = (): never => {
  throw new Error('WeChat Pay asks payers nothing on a page of ours')
}

const faults = { fails_before: 'error_500', fails_after: 'error_after', answer_lost: 'lost_answer' } as const

const types = { 'of no interest': 'PROFITSHARING.SUCCESS', 'of an unknown type': 'TRANSACTION.TELEPORTED' } as const

const makeKey = (): KeyObject => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const pemOf = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

const notification = (type: string, { mchid, apiV3Key }: MerchantCredentials): string => {
  const nonce = randomBytes(6).toString('hex')
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from(nonce))
  cipher.setAAD(Buffer.from('made'))
  const sealed = Buffer.concat([cipher.update(JSON.stringify({ mchid })), cipher.final(), cipher.getAuthTag()])
  return JSON.stringify({
    id: newUuid(),
    create_time: '2026-11-22T18:00:00+08:00',
    resource_type: 'encrypt-resource',
    event_type: type,
    resource: {
      algorithm: 'AEAD_AES_256_GCM',
      ciphertext: sealed.toString('base64'),
      associated_data: 'made',
      nonce,
    },
  })
}

const sign = (body: string, key: KeyObject, serial: string) => {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const text = `${timestamp}\nnonce\n${body}\n`
  return {
    body: Buffer.from(body),
    headers: {
      'wechatpay-timestamp': timestamp,
      'wechatpay-nonce': 'nonce',
      'wechatpay-serial': serial,
      'wechatpay-signature': createSign('RSA-SHA256').update(text).sign(key, 'base64'),
    },
  }
}
