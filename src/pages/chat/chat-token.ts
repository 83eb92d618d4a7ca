import { isEqual, type Secrets } from '#platform/crypto.ts'

/** Whose chat a token opens, and until when. Ids are UUIDs. */
export interface ChatPlace {
  merchantId: string
  threadId: string
  /** Who writes. */
  participantId: string
  livemode: boolean
  expiresAt: Date
}

const macBytes = 16
const placeBytes = 3 * 16 + 1 + 4

/** Signed, not stored: it opens this one thread for this one person, and ends by itself. */
export const makeChatToken = (secrets: Secrets, place: ChatPlace): string => {
  const bytes = Buffer.alloc(placeBytes)
  bytes.write((place.merchantId + place.threadId + place.participantId).replaceAll('-', ''), 'hex')
  bytes.writeUInt8(place.livemode ? 1 : 0, 48)
  bytes.writeUInt32BE(Math.floor(place.expiresAt.getTime() / 1000), 49)
  return Buffer.concat([bytes, macOf(secrets, bytes)]).toString('base64url')
}

/** Undefined for anything that we did not sign, or that is over. */
export const readChatToken = (secrets: Secrets, token: string, now: Date): ChatPlace | undefined => {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== placeBytes + macBytes || bytes.toString('base64url') !== token) return undefined
  const place = bytes.subarray(0, placeBytes)
  if (!isEqual(macOf(secrets, place), bytes.subarray(placeBytes))) return undefined
  const expiresAt = new Date(place.readUInt32BE(49) * 1000)
  if (expiresAt <= now) return undefined
  const [merchantId, threadId, participantId] = [uuidAt(place, 0), uuidAt(place, 16), uuidAt(place, 32)]
  return { merchantId, threadId, participantId, livemode: place.readUInt8(48) === 1, expiresAt }
}

const macOf = (secrets: Secrets, bytes: Buffer): Buffer => secrets.mac('chat', bytes).subarray(0, macBytes)

const uuidAt = (bytes: Buffer, at: number): string =>
  bytes
    .subarray(at, at + 16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
