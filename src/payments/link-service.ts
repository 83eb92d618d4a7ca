import { showId } from '#kernel/ids.ts'
import { isEqual, type Secrets } from '#platform/crypto.ts'
import type { IntentLinks } from './intent-view.ts'

interface LinkDeps {
  secrets: Secrets
  publicUrl: string
}

interface Linked {
  merchant_id: string
  id: string
}

const macBytes = 16

/**
 * Links are derived, not stored: the token names merchant and payment and is signed (128 bits), so it cannot be
 * guessed, opens only its own payment, and a leaked database holds none.
 */
export const checkoutToken = (secrets: Secrets, { merchant_id, id }: Linked): string => {
  const names = Buffer.from((merchant_id + id).replaceAll('-', ''), 'hex')
  const mac = secrets.mac('checkout', names).subarray(0, macBytes)
  return Buffer.concat([names, mac]).toString('base64url')
}

/** The payment that a token opens, or undefined for anything that we did not sign. */
export const readCheckoutToken = (secrets: Secrets, token: string): Linked | undefined => {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== 32 + macBytes || bytes.toString('base64url') !== token) return undefined
  const names = bytes.subarray(0, 32)
  const mac = secrets.mac('checkout', names).subarray(0, macBytes)
  if (!isEqual(mac, bytes.subarray(32))) return undefined
  return { merchant_id: uuidOf(names.subarray(0, 16)), id: uuidOf(names.subarray(16)) }
}

const uuidOf = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')

export const clientSecret = (secrets: Secrets, { merchant_id, id }: Linked): string =>
  `${showId('paymentIntent', id)}_secret_${secrets.mac('client_secret', merchant_id, id).subarray(0, 18).toString('base64url').replaceAll(/[-_]/g, '0')}`

export const intentLinks = ({ secrets, publicUrl }: LinkDeps, row: Linked): IntentLinks => ({
  clientSecret: clientSecret(secrets, row),
  checkoutUrl: `${publicUrl}/pay/${checkoutToken(secrets, row)}`,
})
