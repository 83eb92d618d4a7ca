import assert from 'node:assert/strict'
import { createCipheriv, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { newUuid } from '#kernel/ids.ts'
import { readAccount } from '#providers/wechatpay/account.ts'
import { createWechatpayClient } from '#providers/wechatpay/client.ts'
import { createWechatpayProvider } from '#providers/wechatpay/index.ts'
import { registerComplaints } from '#providers/wechatpay/registration.ts'
import { startWechatpaySandbox } from '#sandbox/wechatpay/index.ts'
import type { KeyMode, MerchantCredentials } from '#sandbox/wechatpay/options.ts'
import { openDatabase } from './database.ts'
import { openSink } from './notification-sink.ts'
import type { Feature, ProviderHarness } from './provider-harness.ts'
import { openCheckedWire } from './wechatpay-checked-wire.ts'
import { openWire } from './wire.ts'

const settleMs = 30_000

export const wechatpayFeatures: readonly Feature[] = ['disputes', 'evidence_images', 'statements', 'transfers']

/** The adapter over real HTTP against the simulator, which signs as WeChat Pay does, with a real endpoint for its news. */
export const wechatpayHarness = async (mode: KeyMode = 'public_key'): Promise<ProviderHarness> => {
  const database = await openDatabase()
  const sink = await openSink()
  const platform = [makeKey(), makeKey()] as const
  const mchid = '1900000109'
  let offset = 0
  const clock = { now: () => new Date(Date.now() + offset) }
  const sandbox = await startWechatpaySandbox({
    databaseUrl: database.url,
    port: 0,
    seed: 'contract',
    now: () => clock.now().getTime(),
    refundSettleMs: settleMs,
    merchants: [{ mchid, appids: ['wx8888888888888888'], mode, openingBalance: 10_000_000 }],
    platformKeys: { publicKeyMode: pemOf(platform[0]), certificateMode: pemOf(platform[1]) },
  })
  const wire = await openCheckedWire(sandbox.url)
  const { credentials } = sandbox
  const account = readAccount(
    { mchid, appid: credentials.appid, transfer_scene_id: '1000' },
    {
      private_key: credentials.privateKey,
      serial_no: credentials.serialNo,
      api_v3_key: credentials.apiV3Key,
      ...(mode === 'certificate' ? {} : { public_key: credentials.publicKey, public_key_id: credentials.publicKeyId }),
    },
  )
  const [signingKey, serial] =
    mode === 'certificate' ? [platform[1], credentials.platformSerialNo] : [platform[0], credentials.publicKeyId]
  const signed = (body: string) => sign(body, signingKey, serial, clock.now())
  const strange = await openWire(sandbox.url, {
    bend: ({ body, headers }) => {
      const bent = body.replaceAll(/"(trade_state|status|complaint_state|state)": ?"\w+"/g, '"$1":"TELEPORTED"')
      return { body: bent, headers: { ...headers, ...signed(bent).headers } }
    },
  })
  const open = (apiBase: string) =>
    createWechatpayProvider({ account, notifyUrl: sink.url, livemode: false, apiBase, clock })
  return {
    provider: open(wire.url),
    stranger: open(strange.url),
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
      dispute: '200000020221122150100000000',
    },
    now: clock.now,
    spoilNext: async (how) => {
      await sandbox.control('POST', 'faults', { fault: faults[how], count: 1, match: { method: 'POST' } })
    },
    act: async () => refuseToAct(),
    payPage: async ({ ref }, method) => {
      const isPlain = !method.startsWith('refund_')
      await sandbox.control('POST', `orders/${ref}/pay`, { result: isPlain ? method : 'SUCCESS' })
      if (method !== 'refund_closed') return
      // Of all refunds that are due it is to be the next one.
      offset += settleMs + 1
      await sandbox.drainWebhooks()
      await sandbox.control('POST', 'faults', { fault: method, count: 1 })
    },
    settle: async () => {
      offset += settleMs + 1
      await sandbox.drainWebhooks()
    },
    duplicateNext: async () => {
      await sandbox.control('POST', 'faults', { fault: 'notify_duplicate', count: 1 })
    },
    notifications: async () => {
      await sandbox.drainWebhooks()
      return sink.take()
    },
    signed: (what) => signed(what === 'no event' ? '{"id":"4200"}' : notification(types[what], credentials)),
    probe: () => {
      const { body, headers } = signed(notification(types['of no interest'], credentials))
      const signature = `WECHATPAY/SIGNTEST/${headers['wechatpay-signature'].slice(19)}`
      return { body, headers: { ...headers, 'wechatpay-signature': signature } }
    },
    disputes: {
      wantsAnswer: true,
      open: async ({ ref }) => {
        const client = createWechatpayClient({ account, clock, apiBase: wire.url })
        assert.equal(await registerComplaints(client, sink.url), undefined)
        const made = await sandbox.control('POST', 'complaints', { out_trade_no: ref })
        return String(Reflect.get(made, 'complaint_id'))
      },
    },
    endDay: async () => {
      const day = chinaDay(clock.now())
      offset += 36 * 3_600_000
      await sandbox.drainWebhooks()
      return day
    },
    payee: { payee: 'oUpF8uMuAJO', reports: [{ type: '活动名称', content: 'Raffle' }] },
    close: async () => {
      assert.deepEqual(wire.complaints, [])
      await wire.close()
      await strange.close()
      await sandbox.close()
      await sink.close()
      await database.close()
    },
  }
}

const chinaDay = (at: Date): string => new Date(at.getTime() + 8 * 3_600_000).toISOString().slice(0, 10)

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

const sign = (body: string, key: KeyObject, serial: string, now: Date) => {
  const timestamp = String(Math.floor(now.getTime() / 1000))
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
