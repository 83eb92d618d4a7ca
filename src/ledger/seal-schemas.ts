import { z } from 'zod'
import { listOf } from '#platform/listing.ts'

const hash = z.string().meta({ description: 'SHA-256 of the hash before it and of the transaction, hexadecimal.' })
const seq = z.int().meta({ description: 'Number in the order of the ledger, from 1 and without a gap.' })

const checkpointSchema = z
  .object({
    seq: z.int(),
    hash: z.string(),
    key_id: z.string(),
    signature: z.string().meta({
      description:
        'Ed25519, base64, over the UTF-8 text "parley ledger checkpoint\\n<merchant id>\\n<seq>\\n<hash>\\n" (see `GET /v1/ledger/seals/key`).',
    }),
    created: z.int(),
  })
  .meta({ id: 'LedgerCheckpoint' })

const seal = {
  object: z.literal('ledger_seal'),
  seq,
  transaction: z.string().nullable(),
  hash,
  sealed_at: z.int().nullable(),
}

export const headSchema = z
  .object({
    ...seal,
    lag_ms: z.int().meta({ description: 'Age of the oldest transaction that is not sealed yet, 0 when all are.' }),
    checkpoint: checkpointSchema
      .nullable()
      .meta({ description: 'The last head that was signed, at most one a minute.' }),
  })
  .meta({ id: 'LedgerSealHead' })
export type SealHead = z.output<typeof headSchema>

const sealSchema = z.object({ ...seal, transaction: z.string(), sealed_at: z.int() }).meta({ id: 'LedgerSeal' })
export const sealList = listOf(sealSchema)
export type ListedSeal = z.output<typeof sealSchema>

const after = z.int().min(0).default(0).meta({ description: 'The seq of the last one of the page before.' })
export const sealListQuery = z.strictObject({
  limit: z.int().min(1).max(100).default(10).meta({ description: 'How many, 1 to 100.' }),
  starting_after: after,
})
export type SealListQuery = z.output<typeof sealListQuery>

export const verificationQuery = z.strictObject({
  limit: z.int().min(1).max(2000).default(1000).meta({ description: 'How many transactions, 1 to 2000.' }),
  starting_after: after,
})
export type VerificationQuery = z.output<typeof verificationQuery>

export const verificationSchema = z
  .object({
    object: z.literal('ledger_verification'),
    from_seq: z.int().meta({ description: 'Transactions after this one were recomputed.' }),
    to_seq: z.int().meta({ description: 'The last of them; go on with it as starting_after while has_more is true.' }),
    has_more: z.boolean(),
    valid: z.boolean(),
    problems: z.array(z.object({ seq: z.int(), transaction: z.string().nullable(), message: z.string() })),
  })
  .meta({ id: 'LedgerVerification' })
export type Verification = z.output<typeof verificationSchema>

export const sealKeySchema = z
  .object({
    object: z.literal('ledger_key'),
    key_id: z.string(),
    algorithm: z.literal('ed25519'),
    public_key: z
      .string()
      .meta({ description: 'SPKI, PEM. Keep it elsewhere: it proves later what was signed today.' }),
  })
  .meta({ id: 'LedgerKey' })
export type SealKey = z.output<typeof sealKeySchema>
