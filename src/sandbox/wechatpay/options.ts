import type { Simulator, SimulatorOptions } from '#sandbox/kit/simulator.ts'

/** Which of its keys WeChat Pay signs with for a merchant. `both`, as while a merchant moves from one to the other: in turns. */
export type KeyMode = 'public_key' | 'certificate' | 'both'

export type MerchantOptions = {
  /** Digits. Also the merchant of `/v3/global/…`, as `mchid`, `sp_mchid` or `sub_mchid`. */
  mchid: string
  /** The official accounts, mini programs and apps that may sell for it. The first is the one the sandbox speaks of. */
  appids: string[]
  /** 32 ASCII characters. Derived from seed and mchid, if absent. */
  apiV3Key?: string
  /** The merchant's certificate: serial number (hex) and public key (PEM). Made here and kept, if absent. */
  certificate?: { serialNo: string; publicKey: string }
  mode?: KeyMode
  /** What WeChat Pay takes of each payment, in units of 0.01 %: 60 is 0.60 %. */
  feeRate?: number
  /** Minor units that were in the merchant's account before anything happened here. */
  openingBalance?: number
}

/** `publicUrl` is where bills are downloaded, too. */
export type WechatpaySandboxOptions = SimulatorOptions & {
  /** One merchant, `1900000109` with the app `wx8888888888888888`, if absent. More can be added by the controls. */
  merchants?: MerchantOptions[]
  /** What `/_sandbox/…` controls ask for as a bearer token. */
  controlKey?: string
  seed?: string
  /** Milliseconds until a refund that is PROCESSING succeeds. */
  refundSettleMs?: number
  /** Milliseconds after an order's payment until its notification is sent. */
  notifyDelayMs?: number
  /** Pauses between the attempts to deliver one notification; WeChat Pay's own fifteen, if absent. */
  notifyRetryMs?: number[]
  /** A notification that is not answered within this time counts as failed; 5 s, as at WeChat Pay. */
  notifyTimeoutMs?: number
  /** From 0 to 1: how many notifications are preceded by a signature probe. The same seed probes the same ones. */
  probeRate?: number
  /**
   * What one unit of the order's currency costs a payer in his, times 10^8: `{'HKD/CNY': 91_000_000}`. Pairs that are
   * absent are 1:1.
   */
  exchangeRates?: Record<string, number>
  /** The currency in which payers of `/v3/global/…` orders pay, unless told otherwise. */
  payerCurrency?: string
  /** `code_url` is an http address a phone can open, and not `weixin://wxpay/bizpayurl?pr=…`. */
  scannableCodes?: boolean
  /** Platform keys (PEM, PKCS #8), to be spared making them. Otherwise made once and kept in the schema. */
  platformKeys?: { publicKeyMode: string; certificateMode: string }
}

/** What a merchant types into its own software. */
export type MerchantCredentials = {
  mchid: string
  appid: string
  appids: string[]
  mode: KeyMode
  /** Of the merchant's certificate. */
  serialNo: string
  /** The merchant's private key (PEM); empty when its certificate was given from outside. */
  privateKey: string
  apiV3Key: string
  /** `PUB_KEY_ID_…` and its key (PEM): verifies what WeChat Pay signs in public-key mode. */
  publicKeyId: string
  publicKey: string
  /** The platform certificate (PEM), as `GET /v3/certificates` hands it out encrypted. */
  platformSerialNo: string
  platformCertificate: string
}

export type WechatpaySandbox = Simulator & {
  controlKey: string
  /** Of the first merchant. */
  credentials: MerchantCredentials
  credentialsOf(mchid: string): MerchantCredentials
  /** A call of `/_sandbox/<path>`, with the control key. Answers the parsed JSON; throws what the simulator refuses. */
  control(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Record<string, unknown>>
}
