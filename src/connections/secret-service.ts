import type { KeyRing } from '#platform/key-ring.ts'

interface SealedRow {
  merchant_id: string
  id: string
  secrets: Buffer
  secrets_key: string
}

/** Names the row that sealed secrets belong to. */
export const secretContext = ({ merchant_id, id }: Pick<SealedRow, 'merchant_id' | 'id'>): string =>
  `connection:${merchant_id}:${id}`

/** The columns of a row that hold its secrets. */
export const sealSecrets = (
  keys: KeyRing,
  row: Pick<SealedRow, 'merchant_id' | 'id'>,
  secrets: Readonly<Record<string, string>>,
) => {
  const { bytes, keyId } = keys.seal(JSON.stringify(secrets), secretContext(row))
  return { secrets: bytes, secrets_key: keyId, secret_hints: hintsOf(secrets) }
}

/** Throws when the row's key is not in the environment any more. */
export const openSecrets = (keys: KeyRing, row: SealedRow): Record<string, string> =>
  JSON.parse(keys.open({ bytes: row.secrets, keyId: row.secrets_key }, secretContext(row))) as Record<string, string>

/** Below this length four characters would be too much of the secret. */
const hintedLengthMin = 16

/** `{bot_token: "…hsbq"}`: enough to tell which one it is. */
const hintsOf = (secrets: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(secrets).map(([name, value]) => [
      name,
      value.length < hintedLengthMin ? '…' : `…${value.slice(-4)}`,
    ]),
  )
