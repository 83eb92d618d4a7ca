import type { EvidenceField, EvidenceFile, EvidenceText } from '#providers/disputes.ts'

/** The fields of Stripe's `evidence`: texts, and ids of uploaded files. */
const fields = {
  access_activity_log: 'text',
  billing_address: 'text',
  cancellation_policy: 'file',
  cancellation_policy_disclosure: 'text',
  cancellation_rebuttal: 'text',
  customer_communication: 'file',
  customer_email_address: 'text',
  customer_name: 'text',
  customer_purchase_ip: 'text',
  customer_signature: 'file',
  duplicate_charge_documentation: 'file',
  duplicate_charge_explanation: 'text',
  duplicate_charge_id: 'text',
  product_description: 'text',
  receipt: 'file',
  refund_policy: 'file',
  refund_policy_disclosure: 'text',
  refund_refusal_explanation: 'text',
  service_date: 'text',
  service_documentation: 'file',
  shipping_address: 'text',
  shipping_carrier: 'text',
  shipping_date: 'text',
  shipping_documentation: 'file',
  shipping_tracking_number: 'text',
  uncategorized_file: 'file',
  uncategorized_text: 'text',
} as const satisfies Record<EvidenceText, 'text'> & Record<EvidenceFile, 'file'>

export const evidenceFields = Object.keys(fields) as EvidenceField[]
export const isFileField = (field: EvidenceField): field is EvidenceFile => fields[field] === 'file'

/** Together the texts are at most so long, as Stripe has it. */
export const evidenceTextMax = 150_000

/** What can be evidence, by its first bytes. */
const signatures = [
  { type: 'pdf', mime: 'application/pdf', bytes: [0x25, 0x50, 0x44, 0x46, 0x2d] },
  { type: 'png', mime: 'image/png', bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'jpg', mime: 'image/jpeg', bytes: [0xff, 0xd8, 0xff] },
] as const

/** What a file is; undefined for all that cannot be evidence. Its name and what the client calls it say nothing. */
export const fileTypeOf = (bytes: Uint8Array): (typeof signatures)[number] | undefined =>
  signatures.find((signature) => signature.bytes.every((byte, index) => bytes[index] === byte))
