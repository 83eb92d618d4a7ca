import { createHash } from 'node:crypto'
import type { Clock } from '#kernel/clock.ts'
import type { EvidenceCommand, EvidenceFile, ProviderFile, UploadCommand } from '#providers/disputes.ts'
import type { ProviderAnswer, ProviderDecline } from '#providers/provider.ts'
import { answerOf, type WechatpayClient } from './client.ts'
import { textOf } from './mapping.ts'

const imageBytesMax = 2 * 1024 * 1024
/** Of one answer. */
const imagesMax = 4

const endings = { 'image/png': 'png', 'image/jpeg': 'jpg' } as const

/**
 * An image for the answer to a complaint. Only its name and digest are signed. WeChat knows no repetition: the same image
 * again is another one, and one that no answer names is nothing. Source: pay.weixin.qq.com/doc/v3/merchant/4012467222.
 */
export const uploadImage = async (
  client: WechatpayClient,
  clock: Clock,
  { type, bytes }: UploadCommand,
): Promise<ProviderAnswer<ProviderFile>> => {
  if (!(type in endings)) return refusal('WeChat Pay takes images only: send a PNG or a JPEG.')
  if (bytes.byteLength > imageBytesMax)
    return refusal(`WeChat Pay takes images of at most ${imageBytesMax} bytes, this one has ${bytes.byteLength}.`)
  // A name of ours: WeChat demands an ending, and nobody sees the rest.
  const name = `evidence.${endings[type as keyof typeof endings]}`
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const reply = await client.send({
    method: 'POST',
    path: '/v3/merchant-service/images/upload',
    body: { filename: name, sha256 },
    file: { name, type, bytes },
  })
  return answerOf(reply, (body) => ({
    ref: textOf(body.media_id, 'media_id'),
    size: bytes.byteLength,
    createdAt: clock.now(),
  }))
}

const order: readonly EvidenceFile[] = [
  'cancellation_policy',
  'customer_communication',
  'customer_signature',
  'duplicate_charge_documentation',
  'receipt',
  'refund_policy',
  'service_documentation',
  'shipping_documentation',
  'uncategorized_file',
]

/** The images of an answer, in the order of the fields; undefined: more than WeChat takes. */
export const imagesOf = (files: EvidenceCommand['files']): string[] | undefined => {
  const refs = order.flatMap((field) => files[field] || [])
  return refs.length > imagesMax ? undefined : refs
}

export const tooManyImages = `WeChat Pay passes on at most ${imagesMax} images.`

const refusal = (message: string): { outcome: 'refused'; decline: ProviderDecline } => ({
  outcome: 'refused',
  decline: { code: 'provider_error', message },
})
