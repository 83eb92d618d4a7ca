import { addMs } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { isEqual, type Secrets } from '#platform/crypto.ts'
import type { SetupRow } from './repo.ts'
import type { SetupIntent } from './schemas.ts'
import { showSetup } from './setup-view.ts'

interface LinkDeps {
  secrets: Secrets
  /** Where payers reach this service, without a slash at the end. */
  publicUrl: string
}

/** Whose kept methods a link opens, and until when. Ids are UUIDs. */
export interface MethodsPlace {
  merchantId: string
  customerId: string
  /** To keep a method for this setup intent, too. */
  setupIntentId?: string | undefined
  expiresAt: Date
}

const macBytes = 16
const placeBytes = 3 * 16 + 4
const none = '0'.repeat(32)

/** Signed, not stored: it opens the methods of this one customer, and ends by itself. */
export const makeMethodsToken = (secrets: Secrets, place: MethodsPlace): string => {
  const bytes = Buffer.alloc(placeBytes)
  const { merchantId, customerId, setupIntentId = none } = place
  bytes.write((merchantId + customerId + setupIntentId).replaceAll('-', ''), 'hex')
  bytes.writeUInt32BE(Math.floor(place.expiresAt.getTime() / 1000), 48)
  return Buffer.concat([bytes, macOf(secrets, bytes)]).toString('base64url')
}

/** Undefined for anything that we did not sign, or that is over. */
export const readMethodsToken = (secrets: Secrets, token: string, now: Date): MethodsPlace | undefined => {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== placeBytes + macBytes || bytes.toString('base64url') !== token) return undefined
  const place = bytes.subarray(0, placeBytes)
  if (!isEqual(macOf(secrets, place), bytes.subarray(placeBytes))) return undefined
  const expiresAt = new Date(place.readUInt32BE(48) * 1000)
  if (expiresAt <= now) return undefined
  const setup = place.subarray(32, 48).toString('hex') === none ? {} : { setupIntentId: uuidAt(place, 32) }
  return { merchantId: uuidAt(place, 0), customerId: uuidAt(place, 16), ...setup, expiresAt }
}

const macOf = (secrets: Secrets, bytes: Buffer): Buffer => secrets.mac('methods', bytes).subarray(0, macBytes)

const uuidAt = (bytes: Buffer, at: number): string =>
  bytes
    .subarray(at, at + 16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

/** The setup intent as clients read it. */
export const viewSetup = (deps: LinkDeps, row: SetupRow): SetupIntent =>
  showSetup(row, { clientSecret: clientSecret(deps, row), setupUrl: setupUrl(deps, row) })

/** A week, so that a link in a chat can wait for its reader. */
const linkLifeMs = 7 * 86_400_000

/** Our page, where the payer has a method kept, sees those that are, and removes them. The same for as long as it lives. */
const setupUrl = ({ secrets, publicUrl }: LinkDeps, row: SetupRow): string => {
  const { merchant_id: merchantId, customer_id: customerId, id: setupIntentId } = row
  const expiresAt = addMs(row.created_at, linkLifeMs)
  return `${publicUrl}/methods/${makeMethodsToken(secrets, { merchantId, customerId, setupIntentId, expiresAt })}`
}

/** Where the payer comes back to from the bank. */
export const returnUrlOf = (deps: LinkDeps, row: SetupRow): string =>
  row.return_url ?? `${setupUrl(deps, row)}?returned=1`

const clientSecret = ({ secrets }: LinkDeps, { merchant_id, id }: SetupRow): string => {
  const mac = secrets.mac('setup_secret', merchant_id, id).subarray(0, 18).toString('base64url')
  return `${showId('setupIntent', id)}_secret_${mac.replaceAll(/[-_]/g, '0')}`
}
