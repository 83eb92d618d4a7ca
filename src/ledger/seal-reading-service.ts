import { type Clock, unixSeconds } from '#kernel/clock.ts'
import { showId } from '#kernel/ids.ts'
import { toJsonAmount } from '#kernel/money.ts'
import { type Secrets, sha256 } from '#platform/crypto.ts'
import { type Database, inSnapshot, type Tx } from '#platform/database.ts'
import { listAnswer, type Page } from '#platform/listing.ts'
import { chainStart } from './canonical.ts'
import { readLastCheckpoint, type StoredCheckpoint } from './seal-checkpoint-repo.ts'
import { readSeal, readSeals, readUnsealedSince, type SealRow } from './seal-reading-repo.ts'
import { readSealed } from './seal-repo.ts'
import type { ListedSeal, SealHead, SealKey, SealListQuery, Verification, VerificationQuery } from './seal-schemas.ts'
import { checkpointPurpose } from './seal-service.ts'
import { checkSealed, type Finding, firstLink, type Link } from './verify-chain.ts'

/** A merchant's view of its own chain. */
export const createSealReadings = ({ db, clock, secrets }: { db: Database; clock: Clock; secrets: Secrets }) => ({
  sealHead: (merchantId: string): Promise<SealHead> =>
    inSnapshot(db, merchantId, async (tx) => {
      const seal = await readSeal(tx, merchantId, undefined)
      const since = await readUnsealedSince(tx, merchantId)
      const checkpoint = await readLastCheckpoint(tx, merchantId)
      return {
        ...(seal ? showSeal(seal) : emptyHead),
        lag_ms: since ? Math.max(0, clock.now().getTime() - since.getTime()) : 0, // exact: milliseconds, not money
        checkpoint: checkpoint ? showCheckpoint(checkpoint) : null,
      }
    }),

  listSeals: (merchantId: string, query: SealListQuery): Promise<Page<ListedSeal>> =>
    inSnapshot(db, merchantId, async (tx) => {
      const rows = await readSeals(tx, merchantId, BigInt(query.starting_after), query.limit + 1)
      return listAnswer('/v1/ledger/seals', rows.slice(0, query.limit).map(showSeal), rows.length > query.limit)
    }),

  verifySeals: (merchantId: string, query: VerificationQuery): Promise<Verification> =>
    inSnapshot(db, merchantId, (tx) => verifyPage(tx, merchantId, query)),

  sealKey: (): SealKey => {
    const { keyId, publicKey } = secrets.signer(checkpointPurpose)
    return { object: 'ledger_key', key_id: keyId, algorithm: 'ed25519', public_key: publicKey }
  },
})

const emptyHead = {
  object: 'ledger_seal' as const,
  seq: 0,
  transaction: null,
  hash: Buffer.from(chainStart).toString('hex'),
  sealed_at: null,
}

const showSeal = ({ seq, transactionId, hash, sealedAt }: SealRow): ListedSeal => ({
  object: 'ledger_seal',
  seq: toJsonAmount(seq),
  transaction: showId('ledgerTransaction', transactionId),
  hash: hash.toString('hex'),
  sealed_at: unixSeconds(sealedAt),
})

const showCheckpoint = ({ seq, hash, keyId, signature, createdAt }: StoredCheckpoint) => ({
  seq: toJsonAmount(seq),
  hash: hash.toString('hex'),
  key_id: keyId,
  signature: signature.toString('base64'),
  created: unixSeconds(createdAt),
})

const verifyPage = async (tx: Tx, merchantId: string, query: VerificationQuery): Promise<Verification> => {
  const from = BigInt(query.starting_after)
  const before = from === 0n ? undefined : await readSeal(tx, merchantId, from)
  // Where the seal to begin after is missing, the first of the page has nothing to be compared with: that is a finding.
  let link: Link = before ? { seq: from, hash: before.hash.toString('hex') } : firstLink
  const rows = await readSealed(tx, merchantId, from, query.limit + 1)
  const page = rows.slice(0, query.limit)
  const findings: Finding[] = []
  for (const sealed of page) {
    findings.push(...checkSealed(link, sealed, sha256))
    link = sealed
  }
  return {
    object: 'ledger_verification',
    from_seq: query.starting_after,
    to_seq: page.length > 0 ? toJsonAmount(link.seq) : query.starting_after,
    has_more: rows.length > query.limit,
    valid: findings.length === 0,
    problems: findings.map(({ seq, transaction, message }) => ({ seq: toJsonAmount(seq), transaction, message })),
  }
}
