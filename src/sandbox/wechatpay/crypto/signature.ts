import { createSign, createVerify, type KeyObject } from 'node:crypto'

/** SHA256 with RSA, base64: what both sides sign everything with. */
export function signText(text: string, privateKey: KeyObject): string {
  return createSign('RSA-SHA256').update(text).sign(privateKey, 'base64')
}

export function isSigned(text: string, signature: string, publicKey: KeyObject): boolean {
  return createVerify('RSA-SHA256').update(text).verify(publicKey, signature, 'base64')
}

/** What a merchant signs: each line ends with a line feed, the last one too, and GET has an empty last line. */
export function requestText(method: string, target: string, timestamp: string, nonce: string, body: string): string {
  return `${method}\n${target}\n${timestamp}\n${nonce}\n${body}\n`
}

/** What WeChat Pay signs, in answers and in notifications. */
export function answerText(timestamp: string, nonce: string, body: string): string {
  return `${timestamp}\n${nonce}\n${body}\n`
}

/**
 * What a page or an app signs to open the payment. The last line is `prepay_id=…` inside WeChat, and the bare id in an
 * app. https://pay.weixin.qq.com/doc/v3/merchant/4012365342
 */
export function clientText(appid: string, timestamp: string, nonce: string, lastLine: string): string {
  return `${appid}\n${timestamp}\n${nonce}\n${lastLine}\n`
}
