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
  setupIntent: 'seti',
  paymentIntent: 'pi',
  charge: 'ch',
  operation: 'op',
  attempt: 'att',
  refund: 're',
  outboundPayment: 'obp',
  payout: 'po',
  balanceTransaction: 'txn',
  dispute: 'dp',
  file: 'file',
  event: 'evt',
  webhookEndpoint: 'we',
  delivery: 'del',
  providerEvent: 'pevt',
  ledgerAccount: 'lac',
  ledgerTransaction: 'ltx',
  ledgerEntry: 'len',
  ledgerProposal: 'lpr',
  exchangeRate: 'fxr',
  export: 'exp',
  connection: 'con',
  channelUpdate: 'upd',
  checkout: 'co',
  promotionCode: 'promo',
  bill: 'bill',
  billShare: 'bsh',
  veto: 'veto',
  request: 'req',
} as const satisfies Record<string, string>

export type IdKind = keyof typeof idPrefixes

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
const hexDigits = '0123456789abcdef'
/** Value of a character by its code, -1 for one that is no digit. */
const valuesOf = (digits: string): Int8Array => {
  const values = new Int8Array(128).fill(-1)
  for (const [value, digit] of [...digits].entries()) values[digit.charCodeAt(0)] = value
  return values
}
const letterValues = valuesOf(alphabet)
const hexValues = valuesOf(hexDigits)
for (const [value, digit] of [...hexDigits.toUpperCase()].entries()) hexValues[digit.charCodeAt(0)] = value

let lastUuid = ''

/**
 * A new UUIDv7, later than every earlier one of this process: lists and timelines order by id, and within one
 * millisecond plain UUIDv7s come in random order.
 */
export const newUuid = (): string => {
  const next = randomUUIDv7()
  lastUuid = next > lastUuid ? next : following(lastUuid)
  return lastUuid
}

/** The next larger UUID; the last group has 48 random bits, so it does not overflow within a millisecond in practice. */
const following = (uuid: string): string => {
  const tail = Number.parseInt(uuid.slice(24), 16) + 1
  return tail > 0xffffffffffff ? randomUUIDv7() : uuid.slice(0, 24) + tail.toString(16).padStart(12, '0')
}

/** Two letters for every ten bits. */
const letterPairs = Array.from({ length: 1024 }, (_, bits) => `${alphabet[bits >> 5]}${alphabet[bits & 31]}`)

/**
 * The public form of an id: prefix, underscore, 26 letters of Crockford base 32 (TypeID's text form): 128 bits behind
 * two zero bits are thirteen pairs of letters. Neither by BigInt nor letter by letter: each took a quarter of the time
 * of an export.
 */
export const showId = (kind: IdKind, uuid: string): string => {
  let text = `${idPrefixes[kind]}_`
  let rest = 0
  let bits = 2
  let digits = 0
  for (let i = 0; i < uuid.length; i++) {
    const code = uuid.charCodeAt(i)
    if (code === dash) continue
    const value = hexValues[code] ?? -1
    if (value < 0) throw new SyntaxError(`not a UUID: ${uuid}`)
    rest = (rest << 4) | value
    bits += 4
    digits++
    if (bits < 10) continue
    bits -= 10
    text += letterPairs[rest >> bits]
    rest &= (1 << bits) - 1
  }
  if (digits !== 32) throw new SyntaxError(`not a UUID: ${uuid}`)
  return text
}

const dash = '-'.charCodeAt(0)

/** The UUID behind a public id, or undefined when the text is no id of this kind. */
export const parseId = (kind: IdKind, text: string): string | undefined => {
  const start = idPrefixes[kind].length + 1
  if (text.length !== start + 26 || !text.startsWith(`${idPrefixes[kind]}_`)) return undefined
  let uuid = ''
  let rest = 0
  let bits = 0
  let digits = 0
  for (let i = start; i < text.length; i++) {
    const value = letterValues[text.charCodeAt(i)] ?? -1
    // The first letter stands for three bits only.
    if (value < 0 || (i === start && value > 7)) return undefined
    rest = (rest << 5) | value
    bits += i === start ? 3 : 5
    while (bits >= 4) {
      bits -= 4
      uuid += hexDigits[rest >> bits]
      rest &= (1 << bits) - 1
      digits++
      if (digits === 8 || digits === 12 || digits === 16 || digits === 20) uuid += '-'
    }
  }
  return uuid
}
