import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  hkdfSync,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'

/** Keys derived from PARLEY_SECRET, one per purpose, so that no purpose can be played against another. */
export interface Secrets {
  /** Keyed digest for links and client secrets. */
  mac(purpose: string, ...parts: readonly (string | Uint8Array)[]): Buffer
  /** AES-256-GCM; `context` names the row, so a ciphertext moved to another row does not open. */
  seal(plain: string, context: string): Buffer
  open(sealed: Uint8Array, context: string): string
  /** An Ed25519 key pair, for what others verify without our secret. */
  signer(purpose: string): Signer
}

export interface Signer {
  /** First 16 hexadecimal digits of the SHA-256 of the public key (SPKI, DER). */
  readonly keyId: string
  /** SPKI, PEM. */
  readonly publicKey: string
  sign(data: string): Buffer
}

export const createSecrets = (secret: string): Secrets => {
  const derive = (info: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'parley', info, 32))
  // As a key object: from bytes every digest would import it again, which took longer than the digest itself.
  const macKey = createSecretKey(derive('mac'))
  const sealKey = derive('seal')
  return {
    mac: (purpose, ...parts) => {
      const hmac = createHmac('sha256', macKey)
      for (const part of [purpose, ...parts]) {
        const bytes = Buffer.from(part)
        // Length first: otherwise ('ab','c') and ('a','bc') would share a digest.
        hmac.update(`${bytes.length}:`).update(bytes)
      }
      return hmac.digest()
    },
    seal: (plain, context) => sealWith(sealKey, Buffer.from(plain), context),
    open: (sealed, context) => openWith(sealKey, sealed, context).toString('utf8'),
    signer: (purpose) => createSigner(derive(`sign ${purpose}`)),
  }
}

/** AES-256-GCM: a version byte, the nonce (12), the tag (16), then as many bytes as went in. */
export const sealWith = (key: Uint8Array, plain: Uint8Array, context: string): Buffer => {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.from([1]), nonce, cipher.getAuthTag(), body])
}

/** Throws when the key, the context or a single bit is another one. */
export const openWith = (key: Uint8Array, sealed: Uint8Array, context: string): Buffer => {
  const bytes = Buffer.from(sealed)
  if (bytes[0] !== 1 || bytes.length < 29) throw new Error('sealed value has an unknown form')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 13))
  decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(13, 29))
  return Buffer.concat([decipher.update(bytes.subarray(29)), decipher.final()])
}

/** What PKCS #8 writes before the 32 bytes of an Ed25519 key (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex')

const createSigner = (seed: Buffer): Signer => {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Head, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString()
  return { keyId: keyIdOf(publicKey), publicKey, sign: (data) => sign(null, Buffer.from(data), key) }
}

/** The id of a public key (PEM), as `Signer` has it. Throws on what is no key. */
export const keyIdOf = (publicKey: string): string =>
  sha256(createPublicKey(publicKey).export({ format: 'der', type: 'spki' }))
    .toString('hex')
    .slice(0, 16)

export const isSignedBy = (publicKey: string, data: string, signature: Uint8Array): boolean =>
  verify(null, Buffer.from(data), publicKey, signature)

export const sha256 = (...parts: readonly (string | Uint8Array)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** Equality in constant time, also for values of different length. */
export const isEqual = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  timingSafeEqual(sha256(a), sha256(b))
