import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { showId } from '#kernel/ids.ts'
import { checkpointPurpose } from '#ledger/seal-service.ts'
import { verifyExport } from '#ledger/verify-export-service.ts'
import { type PublicKeys, verifyAll } from '#ledger/verify-service.ts'
import { createSecrets, keyIdOf } from '#platform/crypto.ts'
import { type Database, openDatabase } from '#platform/database.ts'
import { findDatabaseUrl, run } from './app-boot.ts'
import { ConfigurationError, parseEnvironment } from './config.ts'

const usage = `Usage:
  npm run ledger:verify                                        every merchant, against the database
  npm run ledger:verify -- --public-key key.pem                with the checkpoints' key (repeat it for older keys)
  npm run ledger:verify -- --export journal.jsonl[.gz|.zst] [--manifest manifest.json] [--from-hash <hex>]

Recomputes the chain of seals, that every transaction balances, the roll-ups, marks and guarded balances, and the
signatures of the checkpoints, and names what was changed. Ends with 1 if anything is wrong.
Uses DATABASE_URL (without it the database that "npm start" runs in this folder) and PARLEY_SECRET for the key.
--export needs no database: it recomputes the chain of a JSON Lines export. --from-hash is the hash of the seal before
its first one, for an export that does not begin at the first.`

/** One line per merchant goes out, what is found wrong to err. */
export interface Output {
  out(line: string): void
  err(line: string): void
}

interface Options {
  readonly manifest: string | undefined
  readonly fromHash: string | undefined
}

/** Verifies every merchant of a database; false if anything is wrong. */
export const verifyDatabase = async (db: Database, keys: PublicKeys, { out, err }: Output): Promise<boolean> => {
  if (keys.size === 0) err('No PARLEY_SECRET and no --public-key: the signatures of the checkpoints are not checked.')
  let isGood = true
  for await (const { merchantId, head, unsealed, findings } of verifyAll(db, keys)) {
    const verdict = findings.length === 0 ? 'ok' : `WRONG, ${findings.length} found`
    const tail = unsealed > 0 ? `, ${unsealed} not sealed yet` : ''
    out(
      `${showId('merchant', merchantId)}  ${verdict}: ${head.seq} transactions${tail}, head ${head.hash?.slice(0, 16)}`,
    )
    for (const { message } of findings) err(`  ${message}`)
    if (findings.length > 0) isGood = false
  }
  return isGood
}

/** Verifies a JSON Lines export; false if anything is wrong. */
export const verifyFile = async (path: string, options: Options, { out, err }: Output): Promise<boolean> => {
  const { from, head, findings } = await verifyExport(path, options)
  const verdict = findings.length === 0 ? 'ok' : `WRONG, ${findings.length} found`
  out(`${path}  ${verdict}: seals ${from + 1n} to ${head.seq}, head ${head.hash}`)
  if (from > 0n && options.fromHash === undefined)
    err(`Seal ${from + 1n} itself is not checked: say the hash of seal ${from} with --from-hash.`)
  for (const { message } of findings) err(`  ${message}`)
  return findings.length === 0
}

const readArguments = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      options: {
        export: { type: 'string' },
        manifest: { type: 'string' },
        'from-hash': { type: 'string' },
        'public-key': { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new ConfigurationError(`${error instanceof Error ? error.message : error}\n\n${usage}`)
  }
}

/** The keys that are named, and the one that the secret of this deployment makes. */
const readKeys = async (files: readonly string[], secret: string | undefined): Promise<PublicKeys> => {
  const own = secret ?? (await readFile('.parley/secret', 'utf8').catch(() => '')).trim()
  const named = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const keys = own === '' ? named : [...named, createSecrets(own).signer(checkpointPurpose).publicKey]
  return new Map(keys.map((key) => [keyIdOf(key), key]))
}

if (import.meta.main) {
  run(async () => {
    const values = readArguments(process.argv.slice(2))
    if (values.help) return console.log(usage)
    const output: Output = { out: console.log, err: console.error }
    if (values.export !== undefined) {
      const options = { manifest: values.manifest, fromHash: values['from-hash'] }
      const isGood = await verifyFile(values.export, options, output).catch((error: unknown) => {
        throw new ConfigurationError(error instanceof Error ? error.message : String(error))
      })
      process.exitCode = isGood ? 0 : 1
      return
    }
    const env = parseEnvironment(process.env)
    const keys = await readKeys(values['public-key'], env.PARLEY_SECRET)
    const db = openDatabase({ url: await findDatabaseUrl(env.DATABASE_URL), poolMax: 2, onError: () => undefined })
    try {
      process.exitCode = (await verifyDatabase(db, keys, output)) ? 0 : 1
    } finally {
      await db.close()
    }
  })
}
