import { createHmac, createPublicKey, verify } from 'node:crypto'
import { z } from 'zod'
import { isEqual } from '#platform/crypto.ts'

/** Who opened a Mini App, as Telegram says. */
export interface InitData {
  readonly userId: string
  readonly name: string
  readonly locale: string | undefined
  readonly startParam: string | undefined
  readonly authDate: Date
}

export type InitDataVerdict =
  | { readonly ok: true; readonly data: InitData }
  | { readonly ok: false; readonly reason: string }

interface Age {
  readonly now: Date
  /** Minutes where a payment hangs on it. Libraries take a day. */
  readonly maxAgeMs: number
}

/** The init data is a day's key to its owner's account elsewhere; ours opens a payment, for so long. */
export const initDataMaxAgeMs = 15 * 60_000

/**
 * `Telegram.WebApp.initData` checked with the bot's token: every pair but `hash` (so `signature` stays in), decoded,
 * sorted, one a line. https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
 */
export const verifyInitData = (initData: string, botToken: string, age: Age): InitDataVerdict => {
  const pairs = new URLSearchParams(initData)
  const secret = createHmac('sha256', 'WebAppData').update(botToken).digest()
  const expected = createHmac('sha256', secret)
    .update(checkString(pairs, ['hash']))
    .digest('hex')
  const isGenuine = botToken !== '' && isEqual(pairs.get('hash') ?? '', expected)
  return isGenuine ? readPairs(pairs, age) : { ok: false, reason: 'the hash is missing or wrong' }
}

/** Telegram's Ed25519 keys, for whoever has the bot's id but not its token. */
const publicKeys = {
  production: 'e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d',
  test: '40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec',
} as const

/** SPKI head of an Ed25519 key (RFC 8410). */
const spkiHead = '302a300506032b6570032100'

/** The same without the bot's token: `signature` over the bot's id and all pairs but `hash` and `signature`. */
export const verifyInitDataSignature = (
  initData: string,
  botId: string,
  { environment = 'production', ...age }: Age & { readonly environment?: keyof typeof publicKeys },
): InitDataVerdict => {
  const pairs = new URLSearchParams(initData)
  const signature = Buffer.from(pairs.get('signature') ?? '', 'base64url')
  const key = createPublicKey({
    key: Buffer.from(spkiHead + publicKeys[environment], 'hex'),
    format: 'der',
    type: 'spki',
  })
  const message = Buffer.from(`${botId}:WebAppData\n${checkString(pairs, ['hash', 'signature'])}`)
  const isGenuine = signature.length === 64 && verify(null, message, key, signature)
  return isGenuine ? readPairs(pairs, age) : { ok: false, reason: 'the signature is missing or wrong' }
}

const checkString = (pairs: URLSearchParams, without: readonly string[]): string =>
  [...pairs]
    .filter(([name]) => !without.includes(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join('\n')

const user = z.object({
  id: z.int().positive(),
  first_name: z.string().default(''),
  last_name: z.string().default(''),
  language_code: z.string().optional(),
})

const readPairs = (pairs: URLSearchParams, { now, maxAgeMs }: Age): InitDataVerdict => {
  const authDate = new Date(Number(pairs.get('auth_date') ?? Number.NaN) * 1000)
  const ageMs = now.getTime() - authDate.getTime()
  // NaN fits into no interval, and a date to come is no date of Telegram's.
  if (!(ageMs <= maxAgeMs && ageMs >= -60_000)) return { ok: false, reason: 'too old, or without a date' }
  const person = user.safeParse(parseJson(pairs.get('user') ?? ''))
  if (!person.success) return { ok: false, reason: 'it names no user' }
  const { id, first_name, last_name, language_code } = person.data
  return {
    ok: true,
    data: {
      userId: `${id}`,
      name: `${first_name} ${last_name}`.trim(),
      locale: language_code,
      startParam: pairs.get('start_param') ?? undefined,
      authDate,
    },
  }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
