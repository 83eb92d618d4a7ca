import { createWriteStream } from 'node:fs'
import { readFile, rename, rm } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { readAccounts } from '#exports/journal-service.ts'
import { type Digest, digesting, type Job, makeFile } from '#exports/part-service.ts'
import { planExport, readBoundsFor } from '#exports/plan-service.ts'
import { type ExportRequest, exportRequest } from '#exports/schemas.ts'
import { createTally } from '#exports/tally.ts'
import { systemClock } from '#kernel/clock.ts'
import { AppError } from '#kernel/errors.ts'
import { parseId, showId } from '#kernel/ids.ts'
import { readLastUnsealed } from '#ledger/seal-repo.ts'
import { type Database, openDatabase } from '#platform/database.ts'
import { findDatabaseUrl } from './app-boot.ts'
import { ConfigurationError, parseEnvironment } from './config.ts'

const usage = `Usage:
  npm run export -- --format hledger --from 2026-10-01 --to 2026-10-31 --out october.journal
  npm run export -- --format csv --from-seq 1200 | sha256sum

  --format NAME          ${exportRequest.shape.format.options.join(', ')}
  --out FILE             where to; - (the default) is the standard output
  --merchant mer_…       whose journal; not needed while there is one merchant, or beside "npm start"
  --from, --to           days (UTC) as 2026-10-31 or Unix seconds, both included
  --from-seq, --as-of-seq  only seals after the one, up to the other: from-seq is the as-of-seq of the export before
  --account, --currency, --kind, --thread   only these lines
  --compression none|gzip|zstd   --profile machine|spreadsheet   --decimal-separator .|,
  --granularity line|day   --without-memo   --encoding default|utf-8   --parameter siren=123456789 (repeatable)

Progress, the seal it ends at and the SHA-256 are told on the standard error.
Uses DATABASE_URL; without it the database that "npm start" runs in this folder.`

const options = {
  out: { type: 'string', default: '-' },
  merchant: { type: 'string' },
  format: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  'from-seq': { type: 'string' },
  'as-of-seq': { type: 'string' },
  account: { type: 'string' },
  currency: { type: 'string' },
  kind: { type: 'string' },
  thread: { type: 'string' },
  compression: { type: 'string' },
  profile: { type: 'string' },
  'decimal-separator': { type: 'string' },
  granularity: { type: 'string' },
  'without-memo': { type: 'boolean' },
  encoding: { type: 'string' },
  parameter: { type: 'string', multiple: true },
} as const

const refuse = (problem: string): ConfigurationError => new ConfigurationError(`${problem}\n\n${usage}`)

const readArguments = (
  args: readonly string[],
): { out: string; merchant: string | undefined; request: ExportRequest } => {
  const { out, merchant, parameter = [], ...given } = parse(args)
  const named = Object.entries(given).map(([name, value]) => {
    const isNumber = name.endsWith('-seq') || ((name === 'from' || name === 'to') && /^\d+$/.test(String(value)))
    return [name.replaceAll('-', '_'), isNumber ? Number(value) : value]
  })
  const parameters = parameter.map((pair) => [pair.split('=')[0] ?? '', pair.split('=').slice(1).join('=')])
  const parsed = exportRequest.safeParse({ ...Object.fromEntries(named), parameters: Object.fromEntries(parameters) })
  if (parsed.success) return { out, merchant, request: parsed.data }
  throw refuse(parsed.error.issues.map((issue) => `--${flagOf(String(issue.path[0]))}: ${issue.message}`).join('\n'))
}

const flagOf = (name: string): string => (name === 'parameters' ? 'parameter' : name.replaceAll('_', '-'))

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error))
  }
}

/** Whose journal: the one that is named, the demo's, or the only one there is. */
const findMerchant = async (named: string | undefined, db: Database, isDemo: boolean): Promise<string> => {
  const text = named ?? z.object({ merchant: z.string() }).safeParse(isDemo ? await readDemo() : {}).data?.merchant
  if (text !== undefined) {
    const uuid = parseId('merchant', text)
    if (uuid === undefined) throw refuse(`--merchant must be a merchant's id (mer_…), not ${text}.`)
    return uuid
  }
  const rows = await db.maintenance.selectFrom('merchants').select('merchant_id').limit(2).execute()
  const [only] = rows
  if (only && rows.length === 1) return only.merchant_id
  throw refuse(only ? 'There are several merchants: say which with --merchant mer_….' : 'There is no merchant yet.')
}

const readDemo = async (): Promise<unknown> => JSON.parse(await readFile('.parley/demo.json', 'utf8').catch(() => '{}'))

/**
 * Seals what is booked, where the secret that checkpoints are signed with is known. A running service has mostly done
 * it, and then this process loads nothing for it.
 */
const createCatchUp = (db: Database, secret: string | undefined) => async (merchantId: string, timeoutMs: number) => {
  const known = secret ?? (await readFile('.parley/secret', 'utf8').catch(() => '')).trim()
  if (known === '' || !(await readLastUnsealed(db.maintenance, merchantId))) return true
  const [{ createSealer }, { createSecrets }, { createLogger }, { createMetrics }] = await Promise.all([
    import('#ledger/seal-service.ts'),
    import('#platform/crypto.ts'),
    import('#platform/logger.ts'),
    import('#platform/metrics.ts'),
  ])
  const parts = { clock: systemClock, logger: createLogger('silent'), metrics: createMetrics() }
  return createSealer({ db, ...parts, secrets: createSecrets(known) }).catchUp(merchantId, timeoutMs)
}

const exportTo = async (job: Job, out: string, started: number): Promise<Digest> => {
  const tally = createTally()
  let told = started
  const tell = (): void => {
    if (!process.stderr.isTTY || performance.now() - told < 500) return
    told = performance.now()
    process.stderr.write(`\r${tally.rows()} lines`)
  }
  const { chunks, digest } = digesting(makeFile(job, tally, tell))
  if (out === '-') await pipeline(chunks, process.stdout as Writable, { end: false })
  else await writeWhole(chunks, out)
  const seconds = ((performance.now() - started) / 1000).toFixed(2)
  if (process.stderr.isTTY) process.stderr.write('\r')
  console.error(`${tally.rows()} lines in ${seconds} s, up to seal ${job.range.asOfSeq}`)
  return digest()
}

/** Under its name once it is whole. */
const writeWhole = async (chunks: AsyncIterable<Uint8Array>, path: string): Promise<void> => {
  const draft = `${path}.part`
  try {
    await pipeline(chunks, createWriteStream(draft))
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** The command `npm run export`: one file to standard output or to a path, what is told about it to standard error. */
export const exportCommand = async (
  args: readonly string[],
  environment: Record<string, string | undefined>,
): Promise<void> => {
  if (args.length === 0 || args.includes('--help') || args.includes('-h')) return console.log(usage)
  const { out, merchant, request } = readArguments(args)
  const env = parseEnvironment(environment)
  const databaseUrl = await findDatabaseUrl(env.DATABASE_URL)
  const db = openDatabase({ url: databaseUrl, poolMax: 2, onError: () => undefined })
  try {
    const merchantId = await findMerchant(merchant, db, env.DATABASE_URL === undefined)
    const started = performance.now()
    const source = { db, databaseUrl, sealer: { catchUp: createCatchUp(db, env.PARLEY_SECRET) } }
    const plan = await planExport(source, merchantId, request)
    const accounts = await readAccounts(source, merchantId)
    const bounds = await readBoundsFor(plan.format, source, plan.spec, plan.range)
    const { sha256 } = await exportTo({ ...plan, source, accounts, bounds }, out, started)
    console.error(`${showId('merchant', merchantId)}\n${sha256.toString('hex')}  ${out}`)
  } catch (error) {
    throw explain(error)
  } finally {
    await db.close()
  }
}

/** What the caller can mend is one sentence, the rest stays a stack trace. */
const explain = (error: unknown): unknown => {
  if (error instanceof AppError) {
    const { param } = error.details
    return new ConfigurationError(param === undefined ? error.message : `--${flagOf(param)}: ${error.message}`)
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EPIPE') process.exit(0) // whoever read the output has had enough
  return code === 'ECONNREFUSED'
    ? new ConfigurationError('The database does not answer: start it ("npm start"), or set DATABASE_URL.')
    : error
}
