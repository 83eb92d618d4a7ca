import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { fileBytesMax } from './wire.ts'

export type OpenedFile = { ok: true; text: string } | { ok: false; reason: string }

/** A bill, gzipped or not. The hash is over what is in the file, not over the gzip around it. */
export const openFile = (bytes: Buffer, sha1: string): OpenedFile => {
  try {
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
    const plain = isGzip ? gunzipSync(bytes, { maxOutputLength: fileBytesMax }) : bytes
    const hash = createHash('sha1').update(plain).digest('hex')
    if (hash !== sha1.toLowerCase()) return { ok: false, reason: 'the file does not have the hash that was announced' }
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain) }
  } catch (error) {
    return { ok: false, reason: `the file is damaged: ${error instanceof Error ? error.message.slice(0, 100) : ''}` }
  }
}

/**
 * What WeChat signs of an answer that is a bill: not the bytes but this text of their SHA-1, from the header
 * Wechatpay-Statement-Sha1. Source: wechatpay-php, tests/OpenAPI/V3/Global_/StatementsTest.php.
 */
export const signedOf = (sha1: string): Buffer => Buffer.from(`{"sha1":"${sha1}"}`)
