import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'

/** One merchant's account at WeChat Pay, with everything that it signs, opens and verifies with. */
export interface WechatpayAccount {
  readonly mchid: string
  readonly appid: string
  /** Whose appid it is: what payers meet decides how an order is handed over. */
  readonly kind: 'official_account' | 'mini_program' | 'app'
  /** `global`: the overseas product, priced in the merchant's currency (`/v3/global/…`). */
  readonly region: 'cn' | 'global'
  /** Whether WeChat has approved H5, payments from browsers of phones. */
  readonly h5: boolean
  /** The merchant behind an institution, overseas: mchid and appid are then the institution's. */
  readonly subMchid?: string
  readonly subAppid?: string
  /** Four digits (ISO 18245); overseas orders want it. */
  readonly merchantCategoryCode?: string
  /** The occasion for which WeChat lets this account pay people; absent: none. */
  readonly transferSceneId?: string
  /** Of the merchant's own certificate, hexadecimal. */
  readonly serialNo: string
  readonly privateKey: KeyObject
  /** 32 bytes: opens notifications and certificates. */
  readonly apiV3Key: Buffer
  /** WeChat's key in public-key mode, `PUB_KEY_ID_…`. */
  readonly publicKey?: { readonly id: string; readonly key: KeyObject }
}

/** As a merchant types them in: flat texts, as in its connection or in the environment. */
export interface WechatpaySettings {
  readonly mchid: string
  readonly appid: string
  readonly kind?: WechatpayAccount['kind'] | undefined
  readonly region?: WechatpayAccount['region'] | undefined
  readonly h5?: boolean | undefined
  readonly sub_mchid?: string | undefined
  readonly sub_appid?: string | undefined
  readonly merchant_category_code?: string | undefined
  readonly transfer_scene_id?: string | undefined
}

export interface WechatpaySecrets {
  readonly serial_no: string
  readonly private_key: string
  readonly api_v3_key: string
  readonly public_key_id?: string | undefined
  readonly public_key?: string | undefined
}

/** Reads keys once. Throws a TypeError that says which of them is none. */
export const readAccount = (settings: WechatpaySettings, secrets: WechatpaySecrets): WechatpayAccount => {
  const { kind = 'official_account', region = 'cn', h5 = false } = settings
  const apiV3Key = Buffer.from(secrets.api_v3_key)
  if (apiV3Key.length !== 32) throw new TypeError('the APIv3 key must have 32 characters')
  if (region === 'global' && settings.merchant_category_code === undefined)
    throw new TypeError('an overseas account needs its merchant_category_code')
  return {
    mchid: settings.mchid,
    appid: settings.appid,
    kind,
    region,
    h5: h5 && region === 'cn',
    ...given('subMchid', settings.sub_mchid),
    ...given('subAppid', settings.sub_appid),
    ...given('merchantCategoryCode', settings.merchant_category_code),
    ...given('transferSceneId', region === 'cn' ? settings.transfer_scene_id : undefined),
    serialNo: secrets.serial_no.toUpperCase(),
    privateKey: readKey('private_key', () => createPrivateKey(secrets.private_key)),
    apiV3Key,
    ...given('publicKey', readPublicKey(secrets)),
  }
}

const readPublicKey = ({ public_key: pem, public_key_id: id }: WechatpaySecrets) => {
  if (!pem && !id) return undefined
  if (!pem || !id) throw new TypeError('public_key and public_key_id belong together')
  return { id, key: readKey('public_key', () => createPublicKey(pem)) }
}

const readKey = (name: string, read: () => KeyObject): KeyObject => {
  try {
    const key = read()
    if (key.asymmetricKeyType === 'rsa') return key
  } catch {
    // The parser's own message may quote what it was given.
  }
  throw new TypeError(`${name} is no RSA key in PEM form`)
}

/** An optional member: absent, not undefined, when there is no value. */
export const given = <K extends string, V>(key: K, value: V | undefined): { [Key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [Key in K]: V })
