import { createPublicKey, createSign, type KeyObject } from 'node:crypto'

const SHA256_WITH_RSA = '06092a864886f70d01010b'
const COMMON_NAME = '0603550403'
const ORGANIZATION = '060355040a'
const BASIC_CONSTRAINTS = '0603551d13'

/**
 * A self-signed X.509 v3 certificate (PEM), as small as the standard allows (RFC 5280, section 4.1): node:crypto reads
 * certificates and makes none.
 */
export function createCertificate(of: {
  privateKey: KeyObject
  /** Hex, positive. */
  serialNo: string
  commonName: string
  validFromMs: number
  validToMs: number
}): string {
  const algorithm = sequence(hex(SHA256_WITH_RSA), tagged(0x05))
  const name = sequence(attribute(ORGANIZATION, 'Simulated Tenpay.com'), attribute(COMMON_NAME, of.commonName))
  const subjectKey = createPublicKey(of.privateKey).export({ type: 'spki', format: 'der' })
  const body = sequence(
    tagged(0xa0, integer('02')),
    integer(of.serialNo),
    algorithm,
    name,
    sequence(time(of.validFromMs), time(of.validToMs)),
    name,
    subjectKey,
    tagged(0xa3, sequence(sequence(hex(BASIC_CONSTRAINTS), tagged(0x04, sequence())))),
  )
  const signature = createSign('RSA-SHA256').update(body).sign(of.privateKey)
  const der = sequence(body, algorithm, tagged(0x03, Buffer.from([0]), signature))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content])
}

function lengthOf(length: number): Buffer {
  if (length < 128) return Buffer.from([length])
  const bytes = hex(length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, '0'))
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes])
}

/** A leading zero keeps a number whose first bit is set from being negative. */
function integer(value: string): Buffer {
  const bytes = hex(value.padStart(value.length + (value.length % 2), '0'))
  return tagged(0x02, (bytes[0] ?? 0) > 127 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes)
}

/** UTCTime, which the standard demands for dates before 2050. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)
  return tagged(0x17, Buffer.from(`${text}Z`))
}

const sequence = (...parts: Buffer[]) => tagged(0x30, ...parts)
const attribute = (type: string, value: string) =>
  tagged(0x31, sequence(hex(type), tagged(0x0c, Buffer.from(value, 'utf8'))))
const hex = (text: string) => Buffer.from(text, 'hex')
