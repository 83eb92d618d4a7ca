import { constants, createCipheriv, type KeyObject, privateDecrypt } from 'node:crypto'

export type Sealed = { algorithm: 'AEAD_AES_256_GCM'; nonce: string; associated_data: string; ciphertext: string }

/** AES-256-GCM under the APIv3 key; the 16 bytes of the tag follow the ciphertext. */
export function seal(text: string, apiV3Key: string, nonce: string, associatedData: string): Sealed {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key), Buffer.from(nonce))
  cipher.setAAD(Buffer.from(associatedData))
  const parts = [cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return {
    algorithm: 'AEAD_AES_256_GCM',
    nonce,
    associated_data: associatedData,
    ciphertext: Buffer.concat(parts).toString('base64'),
  }
}

/** A name a merchant encrypted for WeChat Pay (RSA-OAEP with SHA-1), or null if it was not, or not with this key. */
export function openSecret(text: string, privateKey: KeyObject): string | null {
  try {
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    return privateDecrypt({ key: privateKey, padding }, Buffer.from(text, 'base64')).toString('utf8')
  } catch {
    return null
  }
}
