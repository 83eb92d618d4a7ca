import { showId } from '#kernel/ids.ts'
import { isSignedBy, sha256 } from '#platform/crypto.ts'
import type { Database, Tx } from '#platform/database.ts'
import { checkpointText } from './canonical.ts'
import { readCheckpoints } from './seal-checkpoint-repo.ts'
import { markEvery, readSealed, type Sealed } from './seal-repo.ts'
import { compareSums, createBooks } from './verify-books.ts'
import { checkSealed, type Finding, firstLink, type Link } from './verify-chain.ts'
import {
  countWithoutSeal,
  readAccountNames,
  readMarks,
  readMerchantIds,
  readRollups,
  readWrongGuards,
  readWrongHours,
} from './verify-repo.ts'

/** Public keys (PEM) of checkpoints by their key id; empty when signatures are not to be checked. */
export type PublicKeys = ReadonlyMap<string, string>

export interface Verdict {
  /** UUID. */
  readonly merchantId: string
  readonly head: Link
  /** Transactions that no seal speaks for yet. */
  readonly unsealed: number
  readonly findings: readonly Finding[]
}

const pageSize = 2000
/** One change of a much used account is found in many sums; more than this helps nobody. */
const findingsMax = 200

/** Recomputes everything that the ledger keeps of each merchant, one after the other, each in one snapshot. */
export async function* verifyAll(db: Database, keys: PublicKeys): AsyncGenerator<Verdict> {
  for (const merchantId of await readMerchantIds(db.maintenance)) {
    const reading = db.maintenance.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
    yield await reading.execute((tx) => verifyMerchant(tx, merchantId, keys))
  }
}

const verifyMerchant = async (tx: Tx, merchantId: string, keys: PublicKeys): Promise<Verdict> => {
  const books = createBooks()
  const findings: Finding[] = []
  const suspects: Sealed[] = []
  const hashes = new Map((await readCheckpoints(tx, merchantId, 0n)).map(({ seq }) => [seq, '']))
  let head: Link = firstLink
  for await (const sealed of readChain(tx, merchantId)) {
    const found = checkOne(head, sealed)
    if (found.length > 0) suspects.push(sealed)
    findings.push(...found)
    head = sealed
    books.count(sealed)
    if (hashes.has(sealed.seq)) hashes.set(sealed.seq, sealed.hash)
    if (sealed.seq % markEvery !== 0n) continue
    const wrong = compareSums(await readMarks(tx, merchantId, sealed.seq), books.takeMarks())
    findings.push(...(await nameSums(tx, merchantId, `mark at ${sealed.seq}`, head.seq, wrong)))
  }
  const wrongDays = compareSums(await readRollups(tx, merchantId, 'day'), books.days())
  const wrongMonths = compareSums(await readRollups(tx, merchantId, 'month'), books.months())
  findings.push(...nameEntries(suspects, wrongDays))
  findings.push(...(await nameSums(tx, merchantId, 'day', head.seq, wrongDays)))
  findings.push(...(await nameSums(tx, merchantId, 'month', head.seq, wrongMonths)))
  const wrongHours = await readWrongHours(tx, merchantId, findingsMax)
  findings.push(...(await nameSums(tx, merchantId, 'hour', head.seq, wrongHours)))
  findings.push(...(await checkGuards(tx, merchantId, head.seq)))
  findings.push(...(await checkCheckpoints(tx, merchantId, hashes, keys)))
  return {
    merchantId,
    head,
    unsealed: await countWithoutSeal(tx, merchantId),
    findings: findings.slice(0, findingsMax),
  }
}

async function* readChain(tx: Tx, merchantId: string): AsyncGenerator<Sealed> {
  for (let after = 0n; ; ) {
    const page = await readSealed(tx, merchantId, after, pageSize)
    yield* page
    const last = page.at(-1)
    if (!last || page.length < pageSize) return
    after = last.seq
  }
}

const checkOne = (previous: Link, sealed: Sealed): Finding[] =>
  sealed.isThere
    ? checkSealed(previous, sealed, sha256)
    : [{ seq: sealed.seq, transaction: sealed.id, message: `${sealed.id} is gone, seal ${sealed.seq} remains` }]

/** A changed amount or account also spoils the sum of its day: that tells which entry of the transaction it was. */
const nameEntries = (suspects: readonly Sealed[], wrongDays: readonly string[]): Finding[] => {
  const wrong = new Set(wrongDays)
  return suspects.flatMap(({ seq, id, day, entries }) =>
    entries
      .filter((entry) => wrong.has(`${entry.accountId} ${day}`))
      .map(({ line, account, currency, amount }) => ({
        seq,
        transaction: id,
        message: `entry ${line} of ${id} (${account} ${currency} ${amount}) differs from the sums of ${day}`,
      })),
  )
}

const nameSums = async (
  tx: Tx,
  merchantId: string,
  what: string,
  seq: bigint,
  wrong: readonly string[],
): Promise<Finding[]> => {
  if (wrong.length === 0) return []
  const names = await readAccountNames(tx, merchantId)
  return wrong.map((key) => {
    const [account = '', day = ''] = key.split(' ')
    const message = `the ${what} ${day} of ${names.get(account) ?? account} is not the sum of its entries`
    return { seq, transaction: null, message: message.replace('  ', ' ') }
  })
}

const checkGuards = async (tx: Tx, merchantId: string, seq: bigint): Promise<Finding[]> => {
  const wrong = await readWrongGuards(tx, merchantId)
  const names = wrong.length > 0 ? await readAccountNames(tx, merchantId) : new Map<string, string>()
  return wrong.map(({ accountId, kept, counted }) => ({
    seq,
    transaction: null,
    message: `the guarded balance of ${names.get(accountId) ?? accountId} is ${kept ?? 'missing'}, its entries come to ${counted}`,
  }))
}

const checkCheckpoints = async (
  tx: Tx,
  merchantId: string,
  hashes: ReadonlyMap<bigint, string>,
  keys: PublicKeys,
): Promise<Finding[]> => {
  const findings: Finding[] = []
  for (const { seq, hash, keyId, signature } of await readCheckpoints(tx, merchantId, 0n)) {
    const find = (message: string) => findings.push({ seq, transaction: null, message })
    const key = keys.get(keyId)
    const text = checkpointText(showId('merchant', merchantId), seq, hash.toString('hex'))
    if (hashes.get(seq) !== hash.toString('hex')) find(`the chain is not the one of checkpoint ${seq}`)
    if (keys.size === 0) continue
    if (key === undefined) find(`checkpoint ${seq} is signed with the key ${keyId}, which is not known here`)
    else if (!isSignedBy(key, text, signature)) find(`the signature of checkpoint ${seq} is wrong`)
  }
  return findings
}
