import { type KeyObject, X509Certificate } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '#kernel/clock.ts'
import type { WechatpayAccount } from './account.ts'
import { openSealed } from './signing.ts'

/** The keys WeChat signs with for one account, by serial. While a merchant moves to public-key mode it uses both kinds. */
export interface PlatformKeys {
  find(serial: string): KeyObject | undefined
  /** Downloads the certificates when this serial is unknown or they are old; at most once a minute, never throws. */
  learn(serial: string): Promise<void>
}

interface Certificate {
  key: KeyObject
  validFrom: Date
  validTo: Date
}

const pauseMs = 60_000
/** A new certificate can be had ten days before WeChat signs with it: looking twice a day is in time. */
const freshMs = 12 * 3_600_000

/**
 * `download` fetches the list; it verifies the answer with the keys that `read` finds in it, for a first list is vouched
 * for by the APIv3 key alone, which opens it.
 */
export const createPlatformKeys = (
  account: Pick<WechatpayAccount, 'apiV3Key' | 'publicKey'>,
  clock: Clock,
  download: (read: (body: unknown) => (serial: string) => KeyObject | undefined) => Promise<unknown>,
): PlatformKeys => {
  let certificates = new Map<string, Certificate>()
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  const findIn = (known: ReadonlyMap<string, Certificate>, serial: string): KeyObject | undefined => {
    const found = known.get(serial.toUpperCase())
    const now = clock.now()
    return found && found.validFrom <= now && now < found.validTo ? found.key : undefined
  }
  const find = (serial: string): KeyObject | undefined =>
    serial === account.publicKey?.id ? account.publicKey.key : findIn(certificates, serial)
  const ask = async (): Promise<void> => {
    const body = await download((body) => {
      const found = readCertificates(body, account.apiV3Key)
      return (serial) => find(serial) ?? findIn(found, serial)
    })
    const found = readCertificates(body, account.apiV3Key)
    // What WeChat has withdrawn is not believed any more; an answer without any is no answer.
    if (found.size > 0) certificates = found
  }
  return {
    find,
    learn: async (serial) => {
      const age = clock.now().getTime() - askedAt
      const isKnown = find(serial) !== undefined
      const isOwnKey = serial.startsWith('PUB_KEY_ID_')
      if (isOwnKey || (isKnown && age < freshMs)) return
      if (!asking && age < pauseMs) return
      if (!asking) {
        askedAt = clock.now().getTime()
        asking = ask()
          .catch(() => undefined)
          .finally(() => {
            asking = undefined
          })
      }
      // Renewal of what still works keeps nobody waiting.
      if (!isKnown) await asking
    },
  }
}

const listSchema = z.looseObject({
  data: z.array(
    z.looseObject({
      serial_no: z.string(),
      encrypt_certificate: z.looseObject({
        algorithm: z.string(),
        nonce: z.string(),
        ciphertext: z.string(),
        associated_data: z.string().nullish(),
      }),
    }),
  ),
})

/** The certificates of one answer that open with our key and are what they are said to be. */
const readCertificates = (body: unknown, apiV3Key: Uint8Array): Map<string, Certificate> => {
  const list = listSchema.safeParse(body)
  const found = new Map<string, Certificate>()
  for (const { serial_no: serial, encrypt_certificate: sealed } of list.data?.data ?? []) {
    const pem = openSealed(sealed, apiV3Key)
    const certificate = pem === undefined ? undefined : readCertificate(pem)
    if (certificate?.serialNumber !== serial.toUpperCase()) continue
    const { publicKey: key, validFromDate: validFrom, validToDate: validTo } = certificate
    found.set(certificate.serialNumber, { key, validFrom, validTo })
  }
  return found
}

const readCertificate = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}
