import { createDecipheriv, createHash } from 'node:crypto'
import type { WebhookInput } from '#channels/channel.ts'
import { isEqual } from '#platform/crypto.ts'
import { type WechatSettings, wechatSettings } from './settings.ts'
import { readXml, textAt, type XmlElement } from './xml.ts'

const toleranceSeconds = 300

type Opened = { ok: true; message: XmlElement } | { ok: false; reason: string }

/**
 * https://developers.weixin.qq.com/doc/service/guide/dev/push/ : `signature` proves only that somebody who knows the
 * token asked within the last minutes, not what the body says; in the safe mode `msg_signature` covers the body too.
 */
export const openEnvelope = (input: WebhookInput): Opened => {
  const settings = wechatSettings.safeParse(input.connection.settings).data
  if (!settings) return { ok: false, reason: 'the connection has no settings of WeChat' }
  if (!isFromWechat(input)) return { ok: false, reason: 'signature is missing, wrong or older than 300 s' }
  const outer = readXml(input.body.toString('utf8'))
  if (!outer) return { ok: false, reason: 'not an update of WeChat' }
  if (settings.security === 'plain') {
    const isSealed = textAt(outer, 'Encrypt') !== '' && textAt(outer, 'MsgType') === ''
    return isSealed
      ? { ok: false, reason: 'encrypted, but the connection is set to plain' }
      : { ok: true, message: outer }
  }
  return openSafe(input, settings, textAt(outer, 'Encrypt'))
}

/** sha1 over the sorted token, timestamp and nonce. */
export const isFromWechat = ({
  query,
  connection,
  now,
}: Pick<WebhookInput, 'query' | 'connection' | 'now'>): boolean => {
  const { signature, timestamp = '', nonce = '' } = query
  return isFresh(timestamp, now) && isSigned(signature, [connection.secrets.token ?? '', timestamp, nonce])
}

export const signatureOf = (parts: readonly string[]): string =>
  createHash('sha1')
    .update([...parts].sort().join(''))
    .digest('hex')

const isSigned = (signature: string | undefined, [token = '', ...parts]: readonly string[]): boolean =>
  signature !== undefined && token !== '' && isEqual(signature, signatureOf([token, ...parts]))

const isFresh = (timestamp: string, now: Date): boolean =>
  /^\d{1,12}$/.test(timestamp) && Math.abs(now.getTime() / 1000 - Number(timestamp)) <= toleranceSeconds

const openSafe = ({ query, connection }: WebhookInput, settings: WechatSettings, sealed: string): Opened => {
  const { msg_signature: signature, timestamp = '', nonce = '' } = query
  if (!isSigned(signature, [connection.secrets.token ?? '', timestamp, nonce, sealed])) {
    return { ok: false, reason: 'msg_signature is missing or wrong' }
  }
  const text = decrypt(sealed, connection.secrets.encoding_aes_key ?? '', settings.app_id)
  const message = text === undefined ? undefined : readXml(text)
  return message ? { ok: true, message } : { ok: false, reason: 'cannot be decrypted with encoding_aes_key' }
}

/**
 * AES-256-CBC, the first half of the key as the vector, padded to 32 bytes in the manner of PKCS #7; inside: 16 random
 * bytes, the length of the message in 4, the message, the app id.
 */
export const decrypt = (sealed: string, encodingAesKey: string, appId: string): string | undefined => {
  const key = Buffer.from(`${encodingAesKey}=`, 'base64')
  const bytes = Buffer.from(sealed, 'base64')
  if (key.length !== 32 || bytes.length === 0 || bytes.length % 16 !== 0) return undefined
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(bytes), decipher.final()])
  const padding = padded.at(-1) ?? 0
  if (padding < 1 || padding > 32 || padded.length < 20 + padding) return undefined
  const plain = padded.subarray(0, padded.length - padding)
  const end = 20 + plain.readUInt32BE(16)
  if (end > plain.length || plain.subarray(end).toString('utf8') !== appId) return undefined
  return plain.subarray(20, end).toString('utf8')
}
