import { randomUUIDv7 } from 'node:crypto'

/** Type prefixes of every id a client can see. */
export const idPrefixes = {
  merchant: 'mer',
  apiKey: 'key',
  thread: 'thr',
  participant: 'par',
  message: 'msg',
  customer: 'cus',
  paymentMethod: 'pm',
  paymentIntent: 'pi',
  charge: 'ch',
  operation: 'op',
  refund: 're',
  event: 'evt',
  webhookEndpoint: 'we',
  delivery: 'del',
  providerEvent: 'pevt',
  ledgerAccount: 'lac',
  ledgerTransaction: 'ltx',
  ledgerEntry: 'len',
  request: 'req',
} as const satisfies Record<string, string>

export type IdKind = keyof typeof idPrefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const values = new Map([...alphabet].map((letter, index) => [letter, BigInt(index)]))

/** A new UUIDv7: sorts by time of creation. */
export const newUuid = (): string => randomUUIDv7()

/** The public form of an id: prefix, underscore, 26 letters of Crockford base 32 (TypeID's text form). */
export const showId = (kind: IdKind, uuid: string): string => {
  let rest = BigInt(`0x${uuid.replaceAll('-', '')}`)
  let text = ''
  for (let i = 0; i < 26; i++) {
    text = alphabet[Number(rest & 31n)] + text
    rest >>= 5n
  }
  return `${idPrefixes[kind]}_${text}`
}

/** The UUID behind a public id, or undefined when the text is no id of this kind. */
export const parseId = (kind: IdKind, text: string): string | undefined => {
  const prefix = `${idPrefixes[kind]}_`
  if (!text.startsWith(prefix) || text.length !== prefix.length + 26) return undefined
  let number = 0n
  for (const letter of text.slice(prefix.length)) {
    const value = values.get(letter)
    if (value === undefined) return undefined
    number = (number << 5n) | value
  }
  if (number >> 128n !== 0n) return undefined
  const hex = number.toString(16).padStart(32, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
