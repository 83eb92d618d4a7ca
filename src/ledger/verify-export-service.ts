import { createReadStream, type ReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { z } from 'zod'
import { sha256 } from '#platform/crypto.ts'
import { canonicalText, type SealedTransaction } from './canonical.ts'
import { checkSealed, type Finding, firstLink, type Link } from './verify-chain.ts'

export interface ExportVerdict {
  /** Seals in (from, to] were recomputed. */
  readonly from: bigint
  readonly head: Link
  readonly findings: readonly Finding[]
}

const integer = z.union([z.int(), z.string().regex(/^-?\d+$/)]).transform((value) => BigInt(value))

/** What of a JSON Lines export the chain is made of; canonical.ts describes it. */
const lineSchema = z.object({
  seq: integer,
  journal_id: z.string(),
  event_key: z.string(),
  kind: z.string(),
  description: z.string(),
  effective_at: z.string(),
  original_effective_at: z.string().nullable(),
  posted_at: z.string(),
  value_at: z.string().nullable(),
  payment_intent_id: z.string().nullable(),
  refund_id: z.string().nullable(),
  thread_id: z.string().nullable(),
  reverses_journal_id: z.string().nullable(),
  base_currency: z.string(),
  refs: z.record(z.string(), z.string()),
  line: z.int(),
  account_code: z.string(),
  holder: z.string(),
  currency: z.string(),
  amount_minor: integer,
  base_amount_minor: integer,
  chain_hash: z.string().regex(/^[0-9a-f]{64}$/),
})
type Line = z.output<typeof lineSchema>

/** Of the manifest beside an export: the range and the head it was made for. */
const manifestSchema = z.object({
  from_seq: integer,
  as_of_seq: integer,
  chain_head: z.object({ hash: z.string() }),
  spec: z.object({ filter: z.record(z.string(), z.unknown()).optional() }).optional(),
})

/**
 * Recomputes the chain of a JSON Lines export (also compressed: .gz, .zst) without a database. `fromHash` is the hash of the seal
 * before the first one of the file; without it the first seal of a file that does not begin at 1 is taken as it is.
 * A manifest says where the file must begin and end. Throws on what is no such file.
 */
export const verifyExport = async (
  path: string,
  { manifest, fromHash }: { manifest?: string | undefined; fromHash?: string | undefined },
): Promise<ExportVerdict> => {
  const said = manifest === undefined ? undefined : manifestSchema.parse(JSON.parse(await readFile(manifest, 'utf8')))
  const narrowed = Object.entries(said?.spec?.filter ?? {}).filter(([, value]) => value !== null)
  if (narrowed.length > 0) {
    const by = narrowed.map(([name]) => name).join(', ')
    throw new Error(`${path} is narrowed (${by}): only an export of everything has all that the seals are made of`)
  }
  const findings: Finding[] = []
  let from: Link | undefined = said && startOf(said.from_seq, fromHash)
  let head = from
  for await (const lines of readTransactions(path)) {
    const sealed = transactionOf(lines)
    from ??= startOf(sealed.seq - 1n, fromHash)
    findings.push(...checkLines(lines), ...checkSealed(head ?? from, sealed, sha256))
    head = sealed
  }
  const end = head ?? firstLink
  if (said && (end.seq !== said.as_of_seq || end.hash !== said.chain_head.hash)) {
    const message = `the file ends at seal ${end.seq} ${end.hash}, its manifest at ${said.as_of_seq} ${said.chain_head.hash}`
    findings.push({ seq: end.seq, transaction: null, message })
  }
  return { from: from?.seq ?? 0n, head: end, findings }
}

const startOf = (seq: bigint, hash: string | undefined): Link => (seq === 0n ? firstLink : { seq, hash })

/** What a line says of its transaction, every other line has to say as well: the hash is made of the first. */
const checkLines = (lines: readonly Line[]): Finding[] => {
  const [first, ...others] = lines.map((line) => ({
    line: line.line,
    said: canonicalText({ ...transactionOf([line]), entries: [] }),
  }))
  return others
    .filter(({ said }) => said !== first?.said)
    .map(({ line }) => {
      const [{ seq, journal_id: transaction }] = lines as [Line]
      return { seq, transaction, message: `line ${line} of ${transaction} says other things of it than its first line` }
    })
}

async function* readTransactions(path: string): AsyncGenerator<Line[]> {
  let lines: Line[] = []
  for await (const line of readLines(path)) {
    if (lines[0] && lines[0].seq !== line.seq) {
      yield lines
      lines = []
    }
    lines.push(line)
  }
  if (lines.length > 0) yield lines
}

async function* readLines(path: string): AsyncGenerator<Line> {
  const file = createReadStream(path)
  const input = decompressed(path, file)
  // A pipe does not pass errors on: without this a missing file would be an empty one.
  file.once('error', (error) => input.destroy(error))
  let number = 0
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++
    const parsed = lineSchema.safeParse(parseJson(text))
    if (parsed.success) yield parsed.data
    else throw new Error(`${path}, line ${number} is no entry of a JSON Lines export: ${z.prettifyError(parsed.error)}`)
  }
}

const decompressed = (path: string, file: ReadStream) => {
  if (path.endsWith('.gz')) return file.pipe(createGunzip())
  return path.endsWith('.zst') ? file.pipe(createZstdDecompress()) : file
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const transactionOf = (lines: readonly Line[]): SealedTransaction & { hash: string } => {
  const [first] = lines
  if (!first) throw new RangeError('a transaction has at least one line')
  return {
    seq: first.seq,
    hash: first.chain_hash,
    id: first.journal_id,
    eventKey: first.event_key,
    kind: first.kind,
    description: first.description,
    effectiveAt: first.effective_at,
    originalEffectiveAt: first.original_effective_at,
    createdAt: first.posted_at,
    valueAt: first.value_at,
    paymentIntent: first.payment_intent_id,
    refund: first.refund_id,
    thread: first.thread_id,
    reverses: first.reverses_journal_id,
    baseCurrency: first.base_currency,
    refs: first.refs,
    entries: lines.map((line) => ({
      line: line.line,
      account: line.account_code,
      holder: line.holder,
      currency: line.currency,
      amount: line.amount_minor,
      baseAmount: line.base_amount_minor,
    })),
  }
}
