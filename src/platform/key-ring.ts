import { hkdfSync, randomBytes } from 'node:crypto'
import { openWith, sealWith, sha256 } from './crypto.ts'

export interface NamedKey {
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

export interface Sealed {
  readonly bytes: Buffer
  /** Which key of the ring wraps it. */
  readonly keyId: string
}

/**
 * Envelope encryption: each value has a data key of its own, and only that is wrapped by a key of the environment.
 * Rotating wraps data keys again; the values stay closed. `context` names the row: moved to another one, it does not open.
 */
export interface KeyRing {
  /** The key that wraps from now on. */
  readonly currentId: string
  seal(plain: string, context: string): Sealed
  /** Throws when the key is not on the ring or the value was changed. */
  open(sealed: Sealed, context: string): string
  /** The same value under the current key. */
  rewrap(sealed: Sealed, context: string): Sealed
}

/** A sealed data key: version, nonce, tag and 32 bytes. */
const wrappedBytes = 61

/** `keys`: newest first. What was sealed before there were any is under a key derived from `secret`. */
export const createKeyRing = ({ keys, secret }: { keys: readonly NamedKey[]; secret: string }): KeyRing => {
  const ring = [...keys, derivedKey(secret)]
  const byId = new Map(ring.map((one) => [one.id, one.key]))
  const [current = derivedKey(secret)] = ring
  const unwrap = ({ bytes, keyId }: Sealed, context: string): Buffer => {
    const key = byId.get(keyId)
    if (!key) throw new Error(`no key '${keyId}': it sealed ${context} and is not in the environment any more`)
    return openWith(key, bytes.subarray(0, wrappedBytes), context)
  }
  const wrap = (dataKey: Buffer, body: Buffer, context: string): Sealed => ({
    bytes: Buffer.concat([sealWith(current.key, dataKey, context), body]),
    keyId: current.id,
  })
  return {
    currentId: current.id,
    seal: (plain, context) => {
      const dataKey = randomBytes(32)
      return wrap(dataKey, sealWith(dataKey, Buffer.from(plain), context), context)
    },
    open: (sealed, context) =>
      openWith(unwrap(sealed, context), sealed.bytes.subarray(wrappedBytes), context).toString('utf8'),
    rewrap: (sealed, context) => wrap(unwrap(sealed, context), sealed.bytes.subarray(wrappedBytes), context),
  }
}

/** Its id tells two secrets apart, so that a changed one is named instead of failing as damaged. */
const derivedKey = (secret: string): NamedKey => {
  const key = Buffer.from(hkdfSync('sha256', secret, 'parley', 'connections', 32))
  return { id: `secret.${sha256(key).toString('hex').slice(0, 8)}`, key }
}
