import {
  constants,
  createDecipheriv,
  createVerify,
  type KeyObject,
  publicEncrypt,
  randomBytes,
  sign,
} from 'node:crypto'
import { unixSeconds } from '#kernel/clock.ts'
import type { WechatpayAccount } from './account.ts'

/**
 * The signatures and ciphers of WeChat Pay's API v3, all over exact bytes.
 * Source: pay.weixin.qq.com/doc/v3/merchant/4012365342 (signing), 4012071382 (resources).
 */
const scheme = 'WECHATPAY2-SHA256-RSA2048'

/** How far a signature's time may be from ours, in seconds. */
const toleranceSeconds = 300

/** What WeChat sends now and then to see whether signatures are checked at all; must be refused. */
const probe = 'WECHATPAY/SIGNTEST/'

export const newNonce = (): string => randomBytes(16).toString('hex')

const signText = (text: string, key: KeyObject): string => sign('RSA-SHA256', Buffer.from(text), key).toString('base64')

/** Each line ends with a line feed, the last too, and also when the body is empty. `path`: with the query, as sent. */
export const requestText = (request: {
  method: string
  path: string
  timestamp: string
  nonce: string
  body: string
}): string => `${request.method}\n${request.path}\n${request.timestamp}\n${request.nonce}\n${request.body}\n`

/** The Authorization header of one request. */
export const authorize = (
  { mchid, serialNo, privateKey }: Pick<WechatpayAccount, 'mchid' | 'serialNo' | 'privateKey'>,
  request: { method: string; path: string; body: string },
  now: Date,
  nonce = newNonce(),
): string => {
  const timestamp = String(unixSeconds(now))
  const signature = signText(requestText({ ...request, timestamp, nonce }), privateKey)
  const fields = { mchid, nonce_str: nonce, timestamp, serial_no: serialNo, signature }
  return `${scheme} ${Object.entries(fields)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',')}`
}

type Headers = Readonly<Record<string, string | undefined>>

/**
 * Whether WeChat said this, and lately: of an answer or a notification. `keyOf` is asked for the key that the serial
 * names. Headers in lower case.
 */
export const verifyMessage = (
  message: { headers: Headers; body: Uint8Array },
  keyOf: (serial: string) => KeyObject | undefined,
  now: Date,
): { ok: true } | { ok: false; reason: string } => {
  const { headers, body } = message
  const [timestamp, nonce, signature, serial] = ['timestamp', 'nonce', 'signature', 'serial'].map(
    (name) => headers[`wechatpay-${name}`],
  )
  if (!timestamp || !nonce || !signature || !serial) return refuse('a Wechatpay header is missing')
  if ((headers['wechatpay-signature-type'] ?? scheme) !== scheme) return refuse('the signature is of an unknown type')
  if (signature.startsWith(probe)) return refuse('the signature is a probe')
  if (!/^\d{1,12}$/.test(timestamp)) return refuse('the timestamp is none')
  const ageSeconds = now.getTime() / 1000 - Number(timestamp) // exact: a time, not money
  if (Math.abs(ageSeconds) > toleranceSeconds) return refuse('the signature is too old, or from the future') // exact: a time
  const key = keyOf(serial)
  if (!key) return refuse('no key is known by this serial')
  const bytes = Buffer.from(signature, 'base64')
  // A decoder forgives bits that a shorter text would not need; WeChat writes none of those.
  if (bytes.toString('base64') !== signature) return refuse('the signature is not base64')
  const isSigned = createVerify('RSA-SHA256')
    .update(`${timestamp}\n${nonce}\n`)
    .update(body)
    .update('\n')
    .verify(key, bytes)
  return isSigned ? { ok: true } : refuse('the signature does not fit the body')
}

const refuse = (reason: string) => ({ ok: false as const, reason })

/** What WeChat encrypts: the resource of a notification, a platform certificate. */
export interface Sealed {
  algorithm: string
  nonce: string
  ciphertext: string
  associated_data?: string | null | undefined
}

const tagBytes = 16

/** Opens a sealed text with the APIv3 key; undefined when a bit of it is not as WeChat wrote it. */
export const openSealed = (sealed: Sealed, apiV3Key: Uint8Array): string | undefined => {
  if (sealed.algorithm !== 'AEAD_AES_256_GCM') return undefined
  try {
    const bytes = Buffer.from(sealed.ciphertext, 'base64')
    if (bytes.length < tagBytes) return undefined
    const cipher = createDecipheriv('aes-256-gcm', apiV3Key, Buffer.from(sealed.nonce), { authTagLength: tagBytes })
    cipher.setAAD(Buffer.from(sealed.associated_data ?? ''))
    cipher.setAuthTag(bytes.subarray(-tagBytes))
    return Buffer.concat([cipher.update(bytes.subarray(0, -tagBytes)), cipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

/** A person's name, phone or card in a request: RSA-OAEP with WeChat's key, whose serial goes into Wechatpay-Serial. */
export const sealField = (text: string, key: KeyObject): string =>
  publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, Buffer.from(text)).toString(
    'base64',
  )

/**
 * What the bridge inside WeChat (`getBrandWCPayRequest`, `wx.requestPayment`) or an app's SDK takes. In the app the
 * signature is over the bare prepay id, elsewhere over `prepay_id=…`.
 */
export const bridgeParams = (
  account: Pick<WechatpayAccount, 'kind' | 'mchid' | 'privateKey'> & { appid: string },
  prepayId: string,
  now: Date,
  nonce = newNonce(),
): Record<string, string> => {
  const { kind, appid, mchid, privateKey } = account
  const timestamp = String(unixSeconds(now))
  const signed = (last: string) => signText(`${appid}\n${timestamp}\n${nonce}\n${last}\n`, privateKey)
  if (kind === 'app')
    return {
      appid,
      partnerid: mchid,
      prepayid: prepayId,
      package: 'Sign=WXPay',
      noncestr: nonce,
      timestamp,
      sign: signed(prepayId),
    }
  const package_ = `prepay_id=${prepayId}`
  return {
    ...(kind === 'mini_program' ? {} : { appId: appid }),
    timeStamp: timestamp,
    nonceStr: nonce,
    package: package_,
    signType: 'RSA',
    paySign: signed(package_),
  }
}
