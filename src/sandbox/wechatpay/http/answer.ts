import type { PlatformKey } from '../crypto/platform-keys.ts'
import { answerText, signText } from '../crypto/signature.ts'
import type { Sandbox } from '../sandbox.ts'
import type { Merchant } from '../store/merchants.ts'

/** The key WeChat Pay signs with for this merchant; a merchant on the move sees both in turns, or the one it names. */
export function keyFor(sandbox: Sandbox, merchant: Merchant | null, named?: string): PlatformKey {
  const { publicKeyMode, certificateMode } = sandbox.keys
  if (merchant?.mode === 'certificate') return certificateMode
  if (merchant?.mode !== 'both') return publicKeyMode
  if (named !== undefined) return named === certificateMode.serial ? certificateMode : publicKeyMode
  sandbox.turn += 1
  return sandbox.turn % 2 === 0 ? certificateMode : publicKeyMode
}

const PROBE = 'WECHATPAY/SIGNTEST/'

/** The headers that prove who says this. A probe carries a signature that must be refused. */
export function signatureHeaders(
  sandbox: Sandbox,
  key: PlatformKey,
  body: string,
  isProbe = false,
): Record<string, string> {
  const timestamp = String(Math.floor(sandbox.clock.realMs() / 1000))
  const nonce = sandbox.ids.take('nonce32', sandbox.clock.nowMs())
  const signature = signText(answerText(timestamp, nonce, body), key.privateKey)
  return {
    'wechatpay-timestamp': timestamp,
    'wechatpay-nonce': nonce,
    'wechatpay-signature': isProbe ? `${PROBE}${signature}` : signature,
    'wechatpay-serial': key.serial,
    'wechatpay-signature-type': 'WECHATPAY2-SHA256-RSA2048',
  }
}
